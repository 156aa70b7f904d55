import type { LogConfig } from "./log-config.ts";
import type { LogParts } from "./log-parts.ts";
import type { StorageError } from "./storage-error.ts";
import type { UnsyncedFiles } from "./unsynced-files.ts";

/** The inner parts of a log, for what changes its sealed segments on the log's own thread (the cleaner). */
export interface LogMaintenance {
  readonly parts: LogParts;
  readonly unsynced: UnsyncedFiles;
  readonly config: LogConfig;
  readonly logStartOffset: number;
  readonly logEndOffset: number;
  readonly recoveryPoint: number;
  /** False while a staged batch waits for its write. */
  readonly idle: boolean;
  /** Throws unless the log takes calls. */
  checkOpen(): void;
  /** Seals the active segment and starts an empty one at the log end offset. The log must be idle. */
  roll(): void;
  /** Notes a failure that nothing can undo; the error to throw. */
  fail(message: string, cause: unknown): StorageError;
}
