import { ErrorCode } from "@ottla/protocol";
import { backoffMs } from "../backoff.ts";
import type { Cluster } from "../connection/cluster.ts";
import type { CoordinatorLookup } from "../coordinator-lookup.ts";
import { isRetriable, KafkaError } from "../errors.ts";
import { fetchOffsets } from "../group-offsets.ts";
import { listOffsets } from "../list-offsets.ts";
import { partitionKey } from "../topic-partition.ts";
import type { ConsumerSettings } from "./consumer-options.ts";
import type { PartitionState } from "./partition-state.ts";

/** Finds out where to begin: the committed offset, else what autoOffsetReset says. */
export class Positions {
  readonly #cluster: Cluster;
  readonly #settings: ConsumerSettings;
  readonly #onChange: () => void;
  #isRunning = false;
  #retryAtMs = 0;
  #failures = 0;
  #errors: unknown[] = [];

  constructor(cluster: Cluster, settings: ConsumerSettings, onChange: () => void) {
    this.#cluster = cluster;
    this.#settings = settings;
    this.#onChange = onChange;
  }

  takeError(): unknown {
    return this.#errors.shift();
  }

  /** Starts a look-up for those without a position; says when to call again, if that is a matter of time. */
  update(states: Iterable<PartitionState>, coordinator: CoordinatorLookup | undefined): number {
    const open = [...states].filter(({ position }) => position === undefined);
    if (open.length === 0 || this.#isRunning) return Number.POSITIVE_INFINITY;
    if (this.#cluster.settings.runtime.monotonicMs() < this.#retryAtMs) return this.#retryAtMs;
    this.#isRunning = true;
    void this.#lookUp(open, coordinator);
    return Number.POSITIVE_INFINITY;
  }

  async #lookUp(
    states: readonly PartitionState[],
    coordinator: CoordinatorLookup | undefined,
  ): Promise<void> {
    const { runtime, retryBackoff } = this.#cluster.settings;
    try {
      const epochs = new Map(states.map((state) => [state, state.seekEpoch]));
      // A seek of the user while we look wins.
      const isOpen = (state: PartitionState): boolean =>
        !state.isRevoked && state.position === undefined && epochs.get(state) === state.seekEpoch;
      if (coordinator !== undefined) await this.#fromCommitted(states, coordinator, isOpen);
      await this.#fromReset(states, isOpen);
      this.#failures = 0;
    } catch (error) {
      this.#retryAtMs =
        runtime.monotonicMs() + backoffMs(retryBackoff, this.#failures++, runtime.random());
      if (!isRetriable(error) && !this.#cluster.signal.aborted) this.#errors.push(error);
    } finally {
      this.#isRunning = false;
      this.#onChange();
    }
  }

  async #fromCommitted(
    states: readonly PartitionState[],
    coordinator: CoordinatorLookup,
    isOpen: (state: PartitionState) => boolean,
  ): Promise<void> {
    const open = states.filter((state) => isOpen(state) && state.reset === undefined);
    const { groupId, isolationLevel } = this.#settings;
    if (open.length === 0 || groupId === undefined) return;
    const offsets = await fetchOffsets(coordinator, groupId, open, {
      totalTimeoutMs: this.#cluster.settings.requestTimeoutMs,
      requireStable: isolationLevel === "read_committed",
    });
    const byKey = new Map(offsets.map((committed) => [partitionKey(committed), committed.offset]));
    for (const state of open) {
      const offset = byKey.get(state.key) ?? -1;
      if (offset < 0 || !isOpen(state)) continue;
      state.seek(offset);
      state.committed = offset;
    }
  }

  async #fromReset(
    states: readonly PartitionState[],
    isOpen: (state: PartitionState) => boolean,
  ): Promise<void> {
    const { autoOffsetReset, isolationLevel } = this.#settings;
    const open = states.filter((state) => isOpen(state));
    if (open.length === 0) return;
    const without = open.filter(({ reset }) => reset === undefined);
    if (autoOffsetReset === "none" && without.length > 0) {
      const names = without.map(({ topic, partition }) => `${topic}-${partition}`).join(", ");
      throw new KafkaError(
        ErrorCode.OFFSET_OUT_OF_RANGE,
        `no offset is committed for ${names}, and autoOffsetReset is none`,
      );
    }
    const fallback = autoOffsetReset === "none" ? "latest" : autoOffsetReset;
    const queries = open.map(({ topic, partition, reset }) => ({
      topic,
      partition,
      spec: reset ?? fallback,
    }));
    const found = await listOffsets(this.#cluster, queries, { isolationLevel });
    const beyond: PartitionState[] = [];
    for (const [index, state] of open.entries()) {
      const offset = found[index]?.offset ?? -1;
      if (!isOpen(state)) continue;
      if (offset >= 0) state.seek(offset);
      else beyond.push(state);
    }
    // No record is as new as the time that was asked for: what comes next will be.
    for (const state of beyond) state.reset = "latest";
    if (beyond.length > 0) await this.#fromReset(beyond, isOpen);
  }
}
