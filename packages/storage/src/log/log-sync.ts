import { join } from "node:path";
import { replaceFile, replaceFileNow } from "../checkpoint/checkpoint-file.ts";
import { encodeLeaderEpochs } from "../checkpoint/partition-files.ts";
import { LEADER_EPOCH_CHECKPOINT } from "../segment/segment-files.ts";
import type { LogParts } from "./log-parts.ts";
import type { UnsyncedFiles } from "./unsynced-files.ts";

/** Makes durable what a log has changed: files, then names, then the leader epochs, which tell of bytes that are there. */
export class LogSync {
  readonly #parts: Pick<LogParts, "fileSystem" | "directory" | "leaderEpochs">;
  readonly #unsynced: UnsyncedFiles;

  constructor(parts: LogParts, unsynced: UnsyncedFiles) {
    this.#parts = parts;
    this.#unsynced = unsynced;
  }

  /** True when something waits for a sync. */
  get needed(): boolean {
    return this.#unsynced.any || this.#parts.leaderEpochs.dirty;
  }

  /** True when a single fdatasync is all that `run` would do. */
  get isOneCall(): boolean {
    return this.#unsynced.isOneFile && !this.#parts.leaderEpochs.dirty;
  }

  /** Calls must not overlap. */
  async run(): Promise<void> {
    const { fileSystem, directory, leaderEpochs } = this.#parts;
    await this.#unsynced.sync(fileSystem, directory);
    const epochs = leaderEpochs.takeChanges();
    if (epochs) await replaceFile(fileSystem, this.#epochsPath, encodeLeaderEpochs(epochs));
  }

  runNow(): void {
    const { fileSystem, directory, leaderEpochs } = this.#parts;
    this.#unsynced.syncNow(fileSystem, directory);
    const epochs = leaderEpochs.takeChanges();
    if (epochs) replaceFileNow(fileSystem, this.#epochsPath, encodeLeaderEpochs(epochs));
  }

  get #epochsPath(): string {
    return join(this.#parts.directory, LEADER_EPOCH_CHECKPOINT);
  }
}
