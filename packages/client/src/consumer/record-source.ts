import { backoffMs } from "../backoff.ts";
import type { Cluster } from "../connection/cluster.ts";
import { ClosedError, isRetriable } from "../errors.ts";
import type { AssignedPartitions } from "./assigned-partitions.ts";
import type { ConsumerSettings } from "./consumer-options.ts";
import { Fetcher } from "./fetcher.ts";
import type { GroupSession } from "./group-session.ts";
import { Positions } from "./positions.ts";

/** A consumer that waits for records tells its group that it is alive several times per poll interval. */
const SIGNS_OF_LIFE = 3;

/**
 * Drives everything that has to happen while a user waits for records: rebalances, look-ups of
 * positions, fetches, metadata, automatic commits. It sleeps until something changes or is due.
 */
export class RecordSource {
  readonly fetcher: Fetcher;
  readonly #positions: Positions;
  readonly #cluster: Cluster;
  readonly #settings: ConsumerSettings;
  readonly #assigned: AssignedPartitions;
  group: GroupSession | undefined;
  #changes = 0;
  #wake: (() => void) | undefined;
  #isRefreshing = false;
  #refreshAtMs = 0;
  #refreshFailures = 0;
  #failure: { readonly error: unknown } | undefined;

  constructor(cluster: Cluster, settings: ConsumerSettings, assigned: AssignedPartitions) {
    this.#cluster = cluster;
    this.#settings = settings;
    this.#assigned = assigned;
    this.fetcher = new Fetcher(cluster, settings, () => this.changed());
    this.#positions = new Positions(cluster, settings, () => this.changed());
    cluster.signal.addEventListener("abort", () => this.changed(), { once: true });
  }

  /** Something happened that whoever waits should look at. */
  changed(): void {
    this.#changes += 1;
    this.#wake?.();
  }

  /** Waits until there are records, or the time is over. */
  async fill(endMs: number, signal: AbortSignal | undefined): Promise<boolean> {
    for (;;) {
      signal?.throwIfAborted();
      const seen = this.#changes;
      const wakeAtMs = await this.step();
      if (this.fetcher.hasRecords) return true;
      const nowMs = this.#cluster.settings.runtime.monotonicMs();
      if (nowMs >= endMs) return false;
      const aliveMs = nowMs + this.#settings.maxPollIntervalMs / SIGNS_OF_LIFE;
      await this.#waitForChange(seen, Math.min(endMs, wakeAtMs, aliveMs) - nowMs, signal);
    }
  }

  /** Does what is due, and throws what the user has to know. Says when more is due. */
  async step(): Promise<number> {
    if (this.#cluster.signal.aborted) throw new ClosedError("consumer");
    this.group?.membership.notePoll();
    while (this.group?.needsAttention === true) await this.group.advance();
    const wakeAtMs = Math.min(
      this.#positions.update(this.#assigned.states, this.group?.membership.coordinator),
      this.fetcher.sendFetches(this.#assigned.states),
      this.#refreshMetadata(),
      this.group?.autoCommit() ?? Number.POSITIVE_INFINITY,
    );
    const error = this.fetcher.takeError() ?? this.#positions.takeError() ?? this.#takeFailure();
    if (error !== undefined) throw error;
    return wakeAtMs;
  }

  #takeFailure(): unknown {
    const error = this.#failure?.error;
    this.#failure = undefined;
    return error;
  }

  #refreshMetadata(): number {
    const { runtime } = this.#cluster.settings;
    if (this.#isRefreshing || !(this.fetcher.needsMetadata || this.#cluster.isMetadataOld)) {
      return Number.POSITIVE_INFINITY;
    }
    if (runtime.monotonicMs() < this.#refreshAtMs) return this.#refreshAtMs;
    this.#isRefreshing = true;
    void this.#refresh();
    return Number.POSITIVE_INFINITY;
  }

  async #refresh(): Promise<void> {
    const { runtime, retryBackoff } = this.#cluster.settings;
    try {
      this.fetcher.needsMetadata = false;
      this.#cluster.track([
        ...this.#assigned.topics(),
        ...(this.group?.membership.watchedTopics ?? []),
      ]);
      await this.#cluster.refreshMetadata();
      this.group?.membership.checkPartitionCounts();
      this.#refreshFailures = 0;
    } catch (error) {
      this.fetcher.needsMetadata = true;
      if (!isRetriable(error) && !this.#cluster.signal.aborted) this.#failure = { error };
    } finally {
      this.#refreshAtMs =
        runtime.monotonicMs() + backoffMs(retryBackoff, this.#refreshFailures++, runtime.random());
      this.#isRefreshing = false;
      this.changed();
    }
  }

  #waitForChange(seen: number, delayMs: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.#changes !== seen) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        timer.cancel();
        signal?.removeEventListener("abort", wake);
        this.#wake = undefined;
        resolve();
      };
      const timer = this.#cluster.settings.runtime.setTimer(delayMs, wake);
      signal?.addEventListener("abort", wake, { once: true });
      this.#wake = wake;
    });
  }
}
