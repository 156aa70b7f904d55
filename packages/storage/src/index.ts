export type * from "./engine/storage-engine.ts";
export type { SlabPool, SlabSlice } from "./engine/slab-pool.ts";
export { defaultLogConfig, type CompressionSetting, type LogConfig } from "./log/log-config.ts";
export type { EngineOptions } from "./engine/engine-options.ts";
export { ArenaSlabPool, allocateWhenSpace } from "./engine/arena-slab-pool.ts";
export { LocalEngine } from "./engine/local-engine.ts";
export { WorkerEngine, type WorkerEngineOptions } from "./engine/worker-engine.ts";
export {
  readDirectoryIdentity,
  writeDirectoryIdentityNow,
  type DirectoryIdentity,
} from "./checkpoint/directory-identity.ts";
export type { DumpedBatch, DumpedProducer, DumpedRecord, DumpEntry } from "./dump/dump-entry.ts";
export { DumpError, dumpLog, type DumpLogOptions } from "./dump/dump-log.ts";
export { StorageError } from "./log/storage-error.ts";
export { recover, type RecoverOptions } from "./recovery/recover-directory.ts";
