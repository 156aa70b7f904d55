import { Api, ErrorCode, type ApiDefinition } from "@ottla/protocol";
import { retry } from "./backoff.ts";
import type { Cluster, Purpose } from "./connection/cluster.ts";
import type { RequestBody, RequestOptions } from "./connection/connection.ts";
import { checkCode, hasCode, isRetriable, KafkaError } from "./errors.ts";

const GROUP_KEY_TYPE = 0;

/** Finds the coordinator of a group and sends requests there; forgets it when it proves wrong. */
export class CoordinatorLookup {
  readonly #cluster: Cluster;
  readonly #groupId: string;
  readonly #purpose: Purpose;
  #nodeId: number | undefined;

  constructor(cluster: Cluster, groupId: string, purpose: Purpose) {
    this.#cluster = cluster;
    this.#groupId = groupId;
    this.#purpose = purpose;
  }

  /** The coordinator as far as it is known. */
  get nodeId(): number | undefined {
    return this.#nodeId;
  }

  /**
   * One request to the coordinator. `check` throws what is wrong in the answer; if that says that the
   * coordinator is elsewhere, or the connection fails, the next request looks for it anew.
   */
  async request<Req, Res>(
    api: ApiDefinition<Req, Res>,
    body: RequestBody<Req>,
    check: (response: Res) => void,
    options: RequestOptions = {},
  ): Promise<Res> {
    this.#nodeId ??= await this.#find();
    try {
      const nodeId = this.#nodeId;
      const response = await this.#cluster.request(nodeId, api, body, {
        ...options,
        purpose: this.#purpose,
      });
      check(response);
      return response;
    } catch (error) {
      const isElsewhere = hasCode(
        error,
        ErrorCode.NOT_COORDINATOR,
        ErrorCode.COORDINATOR_NOT_AVAILABLE,
      );
      if (isElsewhere || (!(error instanceof KafkaError) && isRetriable(error)))
        this.#nodeId = undefined;
      throw error;
    }
  }

  /** The same, repeated while it fails retriably. */
  requestWithRetries<Req, Res>(
    api: ApiDefinition<Req, Res>,
    body: RequestBody<Req>,
    check: (response: Res) => void,
    options: RequestOptions & {
      readonly totalTimeoutMs: number;
      readonly signal?: AbortSignal | undefined;
    },
  ): Promise<Res> {
    const { runtime, retryBackoff } = this.#cluster.settings;
    return retry(
      {
        runtime,
        backoff: retryBackoff,
        timeoutMs: options.totalTimeoutMs,
        signal: options.signal ?? this.#cluster.signal,
      },
      () => this.request(api, body, check, options),
    );
  }

  async #find(): Promise<number> {
    const key = this.#groupId;
    const response = await this.#cluster.requestAny(Api.FindCoordinator, {
      key,
      keyType: GROUP_KEY_TYPE,
      coordinatorKeys: [key],
    });
    const found = response.coordinators[0] ?? response;
    checkCode(found.errorCode, found.errorMessage);
    const { nodeId, host, port } = found;
    // The coordinator may be newer than our list of brokers.
    if (!this.#cluster.metadata.brokers.has(nodeId)) {
      this.#cluster.metadata.brokers.set(nodeId, { nodeId, host, port, rack: null });
    }
    return nodeId;
  }
}
