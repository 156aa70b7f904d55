import type { ApiDefinition } from "@ottla/protocol";
import { retry } from "../backoff.ts";
import type { Cluster } from "../connection/cluster.ts";
import type { RequestBody } from "../connection/connection.ts";

/** Runs requests of the admin client, again while they fail retriably and there is time. */
export class Retrying {
  readonly #cluster: Cluster;
  /** For one whole call. */
  readonly timeoutMs: number;

  constructor(cluster: Cluster, timeoutMs: number) {
    this.#cluster = cluster;
    this.timeoutMs = timeoutMs;
  }

  run<T>(work: () => Promise<T>): Promise<T> {
    const { runtime, retryBackoff } = this.#cluster.settings;
    const { signal } = this.#cluster;
    return retry({ runtime, backoff: retryBackoff, timeoutMs: this.timeoutMs, signal }, work);
  }

  onController<Req, Res>(api: ApiDefinition<Req, Res>, body: RequestBody<Req>): Promise<Res> {
    return this.run(() => this.#cluster.requestController(api, body));
  }

  onAny<Req, Res>(api: ApiDefinition<Req, Res>, body: RequestBody<Req>): Promise<Res> {
    return this.run(() => this.#cluster.requestAny(api, body));
  }
}
