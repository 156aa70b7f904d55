import { Api } from "@ottla/protocol";
import { retry } from "../backoff.ts";
import type { Cluster } from "../connection/cluster.ts";
import { checkCode } from "../errors.ts";
import type { ProducerIdentity } from "./producer-batch.ts";

const NO_TRANSACTION_TIMEOUT_MS = 0x7fffffff;

/** Gets producer ids from the broker, one at a time. */
export class IdentitySource {
  readonly #cluster: Cluster;
  readonly #timeoutMs: number;
  #asking: Promise<void> | undefined;
  current: ProducerIdentity | undefined;

  constructor(cluster: Cluster, timeoutMs: number) {
    this.#cluster = cluster;
    this.#timeoutMs = timeoutMs;
  }

  /** Puts another identity in place of the current one. */
  renew(): Promise<void> {
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined;
    });
    return this.#asking;
  }

  async #ask(): Promise<void> {
    const { runtime, retryBackoff } = this.#cluster.settings;
    const { signal } = this.#cluster;
    const response = await retry(
      { runtime, backoff: retryBackoff, timeoutMs: this.#timeoutMs, signal },
      async () => {
        const answer = await this.#cluster.requestAny(Api.InitProducerId, {
          transactionalId: null,
          transactionTimeoutMs: NO_TRANSACTION_TIMEOUT_MS,
        });
        checkCode(answer.errorCode);
        return answer;
      },
    );
    this.current = { producerId: response.producerId, producerEpoch: response.producerEpoch };
  }
}
