import type { Clock, Logger, Random } from "@ottla/runtime";
import { dirtyRatio, type CleanableRange } from "../cleaner/cleanable-range.ts";
import { CLEANER_CHECKPOINT, type PartitionOffset } from "../checkpoint/offset-checkpoint.ts";
import { CleanerCheckpoint } from "./cleaner-checkpoint.ts";
import type { CleanedLog, CleanerOptions, CleanerReport } from "./cleaner-options.ts";
import { CleanerRun } from "./cleaner-run.ts";
import type { RunCleanerTask } from "./cleaner-tasks.ts";
import type { EnginePartition } from "./engine-partition.ts";
import type { HostLink } from "./host-link.ts";

export interface CleanerSchedulerOptions {
  readonly directory: string;
  readonly options: CleanerOptions;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly runTask: RunCleanerTask;
  readonly partitions: () => Iterable<EnginePartition>;
  readonly removeFilesAfter: (delayMs: number, paths: readonly string[]) => void;
}

interface Candidate {
  readonly partition: EnginePartition;
  readonly range: CleanableRange;
}

/**
 * Looks for compacted logs that are due, and cleans the dirtiest first, so many at once as there are threads. A log
 * whose clean fails is left alone from then on, and the others go on.
 */
export class CleanerScheduler {
  readonly checkpoint: CleanerCheckpoint;
  readonly #options: CleanerSchedulerOptions;
  readonly #stopFlag = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  /** By the object, so that a log that is made anew under an old name starts afresh. */
  readonly #uncleanable = new WeakMap<EnginePartition, string>();
  #running: Promise<CleanerReport> | undefined;

  constructor(options: CleanerSchedulerOptions) {
    this.#options = options;
    this.checkpoint = new CleanerCheckpoint((offsets) => this.#writeCheckpoint(offsets));
  }

  /** A look of its own, after the one that is under way. Rejects when a host cannot be asked. */
  async run(): Promise<CleanerReport> {
    while (this.#running !== undefined) await this.#running.catch(() => {});
    this.#running = this.#runNow().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Ends what runs, without harm to any log. */
  async stop(): Promise<void> {
    Atomics.store(new Int32Array(this.#stopFlag), 0, 1);
    while (this.#running !== undefined) await this.#running.catch(() => {});
  }

  get backoffMs(): number {
    return this.#options.options.backoffMs;
  }

  get #stopped(): boolean {
    return Atomics.load(new Int32Array(this.#stopFlag), 0) !== 0;
  }

  async #runNow(): Promise<CleanerReport> {
    const { clock, options } = this.#options;
    const startedMs = clock.monotonicMs();
    const logs: CleanedLog[] = [];
    if (options.enabled && !this.#stopped) {
      const candidates = await this.#findDue();
      const work = async (): Promise<void> => {
        for (let next = candidates.shift(); next !== undefined; next = candidates.shift())
          logs.push(...(await this.#cleanLog(next.partition)));
      };
      await Promise.all(Array.from({ length: options.threads }, work));
    }
    const uncleanable = [...this.#options.partitions()]
      .filter((partition) => this.#uncleanable.has(partition))
      .map(({ topic, partition }) => ({ topic, partition }));
    return { logs, uncleanable, elapsedMs: clock.monotonicMs() - startedMs };
  }

  /** The dirtiest first. */
  async #findDue(): Promise<Candidate[]> {
    const compacted = [...this.#options.partitions()].filter(
      (partition) =>
        partition.online &&
        partition.config.cleanupPolicy.includes("compact") &&
        !this.#uncleanable.has(partition),
    );
    const byLink = Map.groupBy(compacted, ({ link }) => link);
    const found = await Promise.all([...byLink].map(([link, mine]) => this.#ranges(link, mine)));
    return found
      .flat()
      .filter(({ range }) => range.due)
      .sort((left, right) => dirtyRatio(right.range) - dirtyRatio(left.range));
  }

  async #ranges(link: HostLink, partitions: readonly EnginePartition[]): Promise<Candidate[]> {
    const requests = partitions.map((partition) => ({
      partitionId: partition.partitionId,
      checkpoint: this.checkpoint.offsetOf(partition),
    }));
    const ranges = await link.callHost("cleanableRanges", requests);
    const candidates: Candidate[] = [];
    for (const { partitionId, range } of ranges) {
      const partition = link.partition(partitionId);
      if (partition === undefined) continue;
      if (range.resetsCheckpoint) this.checkpoint.note(partition, range.firstDirtyOffset);
      candidates.push({ partition, range });
    }
    return candidates;
  }

  /** Again and again while the map was too small to reach the end. */
  async #cleanLog(partition: EnginePartition): Promise<CleanedLog[]> {
    const cleaned: CleanedLog[] = [];
    for (;;) {
      if (this.#stopped || !partition.online) return cleaned;
      const checkpoint = this.checkpoint.offsetOf(partition);
      const plan = await partition.link
        .callLog(partition, "planCleaning", { checkpoint })
        .catch((error: unknown) => this.#planFailed(partition, error));
      if (plan === undefined || plan.segments.length === 0) return cleaned;
      const { random, ...seams } = this.#options;
      const run = new CleanerRun({ ...seams, random, stopFlag: this.#stopFlag }, partition, plan);
      const log = await run.clean();
      cleaned.push(log);
      await this.#noteDone(partition, log);
      const goesOn = log.outcome === "cleaned" && log.endOffset > log.firstDirtyOffset;
      if (!goesOn || log.endOffset >= plan.upperBoundOffset) return cleaned;
    }
  }

  #planFailed(partition: EnginePartition, error: unknown): undefined {
    if (partition.online) this.#markUncleanable(partition, String(error));
    return undefined;
  }

  async #noteDone(partition: EnginePartition, log: CleanedLog): Promise<void> {
    const { logger } = this.#options;
    const { topic, partition: index, outcome, reason } = log;
    if (outcome === "failed") this.#markUncleanable(partition, reason ?? "unknown");
    if (outcome === "no-space")
      logger.warn("a log could not be cleaned: the disk is full", { topic, partition: index });
    if (outcome !== "cleaned") return;
    const { firstDirtyOffset, endOffset, bytesRead, bytesWritten, elapsedMs } = log;
    const figures = { firstDirtyOffset, endOffset, bytesRead, bytesWritten, elapsedMs };
    logger.info("log cleaned", { topic, partition: index, ...figures });
    // A log that was deleted meanwhile leaves no entry behind for one of the same name.
    if (!partition.online) return;
    this.checkpoint.note(partition, endOffset);
    await this.checkpoint.save().catch((error: unknown) => {
      logger.warn("the cleaner's checkpoint could not be written", { error: String(error) });
    });
  }

  #markUncleanable(partition: EnginePartition, reason: string): void {
    const { topic, partition: index } = partition;
    this.#uncleanable.set(partition, reason);
    this.#options.logger.error("a log cannot be cleaned and is left alone", {
      topic,
      partition: index,
      reason,
    });
  }

  async #writeCheckpoint(offsets: readonly PartitionOffset[]): Promise<void> {
    const answer = await this.#options.runTask({
      kind: "writeCheckpoint",
      task: { directory: this.#options.directory, fileName: CLEANER_CHECKPOINT, offsets },
    });
    if (!answer.ok) throw new Error(answer.message);
  }
}
