import { invariant } from "@ottla/runtime";
import { StorageError } from "../log/storage-error.ts";
import type { CheckpointKeeper } from "./checkpoint-keeper.ts";
import type { CleanerCheckpoint } from "./cleaner-checkpoint.ts";
import { partitionKey } from "./directory-names.ts";
import type { EnginePartition } from "./engine-partition.ts";
import type { FileRemover } from "./file-remover.ts";
import { GroupedCalls, type GroupedCall } from "./grouped-calls.ts";
import type { HostLink } from "./host-link.ts";

/** Between two groups the engine's thread and the hosts do other things. */
const REMOVALS_PER_GROUP = 256;

type Removal = GroupedCall<EnginePartition, void>;

export interface PartitionRemovalOptions {
  readonly checkpoints: CheckpointKeeper;
  readonly cleanerCheckpoint: CleanerCheckpoint;
  readonly remover: FileRemover;
}

/** Removes partitions that left the table, those that go at the same time with one write of the checkpoints. */
export class PartitionRemoval {
  readonly #options: PartitionRemovalOptions;
  readonly #calls: GroupedCalls<EnginePartition, void>;

  constructor(options: PartitionRemovalOptions) {
    this.#options = options;
    this.#calls = new GroupedCalls(REMOVALS_PER_GROUP, (group) => this.#remove(group));
  }

  /** Resolves when a start would not find the log any more. Rejects with StorageError. */
  remove(log: EnginePartition): Promise<void> {
    return this.#calls.call(log);
  }

  async #remove(group: readonly Removal[]): Promise<void> {
    const { checkpoints, cleanerCheckpoint } = this.#options;
    // First, or after a crash in between a new log of this name would be taken for the old one, damaged.
    this.#forget(group);
    await checkpoints.save();
    const byLink = Map.groupBy(group, ({ argument }) => argument.link);
    const results = await Promise.allSettled(
      [...byLink].map(([link, removals]) => this.#removeFrom(link, removals)),
    );
    const removed: Removal[] = [];
    for (const [index, removals] of [...byLink.values()].entries()) {
      const result = results[index]!;
      if (result.status === "fulfilled") removed.push(...result.value);
      else for (const { reject } of removals) reject(result.reason);
    }
    let cleanedChanged = false;
    for (const { argument } of removed)
      if (cleanerCheckpoint.forget(argument)) cleanedChanged = true;
    if (cleanedChanged) await cleanerCheckpoint.save();
    // Noted meanwhile by a call on the old log, it would make a new one of this name look damaged.
    if (this.#forget(removed)) await checkpoints.save();
    for (const { resolve } of removed) resolve();
  }

  /** Returns those whose files are out of the way. */
  async #removeFrom(link: HostLink, removals: readonly Removal[]): Promise<Removal[]> {
    const requests = removals.map(({ argument: { partitionId, topic, partition } }) => ({
      partitionId,
      topic,
      partition,
    }));
    const answers = await link.callHost("remove", requests);
    const removed: Removal[] = [];
    const directories: string[] = [];
    for (const [index, removal] of removals.entries()) {
      const { argument, reject } = removal;
      const answer = answers[index];
      invariant(
        answer?.partitionId === argument.partitionId,
        "partitions are answered in the order asked",
      );
      if (answer.failure !== undefined) {
        reject(new StorageError(`${partitionKey(argument)}: ${answer.failure}`, { fatal: false }));
        continue;
      }
      link.detach(argument);
      removed.push(removal);
      if (answer.renamed !== undefined) directories.push(answer.renamed);
    }
    this.#options.remover.removeDirectories(directories);
    return removed;
  }

  #forget(group: readonly Removal[]): boolean {
    let changed = false;
    for (const { argument } of group) {
      if (this.#options.checkpoints.forget(argument)) changed = true;
    }
    return changed;
  }
}
