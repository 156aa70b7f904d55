import type { Clock, Random } from "@ottla/runtime";
import type { CleaningPlan } from "../cleaner/cleaning-plan.ts";
import {
  NO_TRANSACTIONS,
  type CleanedGroup,
  type SegmentToClean,
  type TaskLimits,
  type TransactionsState,
} from "../cleaner/cleaner-task.ts";
import { OffsetMap, SLOT_BYTES } from "../cleaner/offset-map.ts";
import { groupSegments } from "../cleaner/segment-groups.ts";
import type { CleanedLog, CleanerOptions, CleaningOutcome } from "./cleaner-options.ts";
import type { CleanerResults, CleanerTask, RunCleanerTask, TaskFailure } from "./cleaner-tasks.ts";
import type { EnginePartition } from "./engine-partition.ts";

const MIN_SLOTS = 16;
const SECRET_BYTES = 16;

export interface CleanerRunOptions {
  readonly options: CleanerOptions;
  readonly clock: Clock;
  readonly random: Random;
  readonly runTask: RunCleanerTask;
  readonly stopFlag: SharedArrayBuffer;
  /** The files of replaced segments, to be unlinked later. */
  readonly removeFilesAfter: (delayMs: number, paths: readonly string[]) => void;
}

class NotCleaned extends Error {
  readonly outcome: CleaningOutcome;

  constructor(outcome: CleaningOutcome, message: string) {
    super(message);
    this.outcome = outcome;
  }
}

type Figures = Omit<CleanedLog, "topic" | "partition" | "outcome" | "reason" | "elapsedMs">;

const outcomeOf: Record<TaskFailure["why"], CleaningOutcome> = {
  stopped: "stopped",
  "file-gone": "superseded",
  "no-space": "no-space",
  failed: "failed",
};

/** One clean of one log: the map in one background task, each group of segments in another, a swap after each. */
export class CleanerRun {
  readonly #seams: CleanerRunOptions;
  readonly #partition: EnginePartition;
  readonly #plan: CleaningPlan;
  #figures: Figures;

  constructor(seams: CleanerRunOptions, partition: EnginePartition, plan: CleaningPlan) {
    this.#seams = seams;
    this.#partition = partition;
    this.#plan = plan;
    this.#figures = {
      firstDirtyOffset: plan.firstDirtyOffset,
      endOffset: plan.firstDirtyOffset,
      mapBytesRead: 0,
      bytesRead: 0,
      bytesWritten: 0,
      recordsRead: 0,
      recordsKept: 0,
      recordsWithoutKey: 0,
    };
  }

  /** Never rejects. */
  async clean(): Promise<CleanedLog> {
    const { topic, partition } = this.#partition;
    const startedMs = this.#seams.clock.monotonicMs();
    const ended = (): number => this.#seams.clock.monotonicMs() - startedMs;
    try {
      await this.#cleanAll();
      return { topic, partition, outcome: "cleaned", ...this.#figures, elapsedMs: ended() };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const outcome = this.#outcomeOf(error);
      return { topic, partition, outcome, reason, ...this.#figures, elapsedMs: ended() };
    }
  }

  #outcomeOf(error: unknown): CleaningOutcome {
    // A log that was deleted or whose directory failed is no log that cannot be cleaned.
    if (!this.#partition.online) return "superseded";
    return error instanceof NotCleaned ? error.outcome : "failed";
  }

  async #cleanAll(): Promise<void> {
    const { segments, firstDirtyOffset } = this.#plan;
    const map = await this.#allocateMap();
    const dirty = segments.filter(({ nextBaseOffset }) => nextBaseOffset > firstDirtyOffset);
    const { endOffset, bytesRead } = await this.#run({
      kind: "buildMap",
      task: {
        ...this.#logTask(dirty, map.memory),
        startOffset: firstDirtyOffset,
        maxEntries: map.maxEntries,
      },
    });
    this.#add({ mapBytesRead: bytesRead });
    const inReach = segments.filter(({ baseOffset }) => baseOffset < endOffset);
    let transactions = NO_TRANSACTIONS;
    for (const group of groupSegments(inReach, this.#plan))
      transactions = await this.#cleanGroup(group, map.memory, transactions);
    this.#figures = { ...this.#figures, endOffset };
  }

  /** No more slots than the dirty range has offsets: a small log does not touch the whole buffer. */
  async #allocateMap(): Promise<{ memory: SharedArrayBuffer; maxEntries: number }> {
    const { options, random } = this.#seams;
    const { firstDirtyOffset, upperBoundOffset } = this.#plan;
    const bufferSlots = Math.floor(options.dedupeBufferBytes / options.threads / SLOT_BYTES);
    const neededSlots = Math.ceil((upperBoundOffset - firstDirtyOffset) / options.loadFactor) + 2;
    const slots = Math.max(MIN_SLOTS, Math.min(bufferSlots, neededSlots));
    const maxEntries = Math.max(1, Math.min(slots - 2, Math.floor(slots * options.loadFactor)));
    return { memory: OffsetMap.allocate(slots, random.bytes(SECRET_BYTES)), maxEntries };
  }

  async #cleanGroup(
    group: readonly SegmentToClean[],
    map: SharedArrayBuffer,
    transactions: TransactionsState,
  ): Promise<TransactionsState> {
    const { deleteRetentionMs, indexIntervalBytes, upperBoundOffset, producers } = this.#plan;
    const nowMs = this.#seams.clock.nowMs();
    const cleaned = await this.#run({
      kind: "cleanGroup",
      task: {
        ...this.#logTask(group, map),
        nowMs,
        deleteRetentionMs,
        indexIntervalBytes,
        upperBoundOffset,
        producers,
        transactions,
      },
    });
    await this.#swap(group, cleaned);
    this.#add(cleaned);
    return cleaned.transactions;
  }

  async #swap(inputs: readonly SegmentToClean[], cleaned: CleanedGroup): Promise<void> {
    const { cuts, upperBoundOffset } = this.#plan;
    const outcome = await this.#partition.link.callLog(this.#partition, "swapCleaned", {
      inputs,
      cleaned: { ...cleaned, transactions: NO_TRANSACTIONS },
      cuts,
      upperBoundOffset,
    });
    if (outcome.kind === "superseded") throw new NotCleaned("superseded", "the log has changed");
    const last = inputs.at(-1)!;
    // An aborted record that the tail still had would be served without word of its abort once the index drops it.
    this.#partition.tail.dropBelow(last.nextBaseOffset);
    this.#seams.removeFilesAfter(outcome.delayMs, outcome.removedPaths);
  }

  #logTask(segments: readonly SegmentToClean[], map: SharedArrayBuffer) {
    const { options, stopFlag } = this.#seams;
    const limits: TaskLimits = {
      // Half for reading, half for writing.
      bufferBytes: Math.max(4096, Math.floor(options.ioBufferBytes / options.threads / 2)),
      bytesPerSecond: options.ioBytesPerSecond / options.threads,
      stopFlag,
    };
    return { directory: this.#plan.directory, segments, aborted: this.#plan.aborted, map, limits };
  }

  async #run<Kind extends CleanerTask["kind"]>(
    task: Extract<CleanerTask, { kind: Kind }>,
  ): Promise<CleanerResults[Kind]> {
    const answer = await this.#seams.runTask(task);
    if (answer.ok) return answer.result;
    throw new NotCleaned(outcomeOf[answer.why], answer.message);
  }

  #add(more: Partial<Figures>): void {
    const figures = this.#figures;
    this.#figures = {
      ...figures,
      mapBytesRead: figures.mapBytesRead + (more.mapBytesRead ?? 0),
      bytesRead: figures.bytesRead + (more.bytesRead ?? 0),
      bytesWritten: figures.bytesWritten + (more.bytesWritten ?? 0),
      recordsRead: figures.recordsRead + (more.recordsRead ?? 0),
      recordsKept: figures.recordsKept + (more.recordsKept ?? 0),
      recordsWithoutKey: figures.recordsWithoutKey + (more.recordsWithoutKey ?? 0),
    };
  }
}
