export type { Clock, Timer } from "./clock.ts";
export { SystemClock } from "./system-clock.ts";
export type { Random } from "./random.ts";
export { SystemRandom } from "./system-random.ts";
export { silentLogger, type LogFields, type Logger } from "./logger.ts";
export { invariant, InvariantError } from "./invariant.ts";
export type { DirectoryLock, FileHandle, FileStatus, FileSystem, OpenMode } from "./file-system.ts";
