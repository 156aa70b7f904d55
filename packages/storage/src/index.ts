export type * from "./engine/storage-engine.ts";
export type { SlabPool, SlabSlice } from "./engine/slab-pool.ts";
export { defaultLogConfig, type CompressionSetting, type LogConfig } from "./log/log-config.ts";
export {
  defaultCleanerOptions,
  type CleanedLog,
  type CleanerOptions,
  type CleanerReport,
  type CleaningOutcome,
} from "./engine/cleaner-options.ts";
export type { EngineOptions } from "./engine/engine-options.ts";
export { ArenaSlabPool, allocateWhenSpace } from "./engine/arena-slab-pool.ts";
export { DirectoriesEngine } from "./engine/directories-engine.ts";
export { LocalEngine } from "./engine/local-engine.ts";
export { OfflineLog } from "./engine/offline-log.ts";
export { WorkerEngine, type WorkerEngineOptions } from "./engine/worker-engine.ts";
export {
  readDirectoryIdentity,
  writeDirectoryIdentityNow,
  type DirectoryIdentity,
} from "./checkpoint/directory-identity.ts";
export type { DumpedBatch, DumpedProducer, DumpedRecord, DumpEntry } from "./dump/dump-entry.ts";
export { DumpError, dumpLog, type DumpLogOptions } from "./dump/dump-log.ts";
export type {
  Finding,
  LogVerification,
  PartitionVerification,
  Severity,
  VerifyOptions,
} from "./verify/verification.ts";
export { copyPartitions, type AdoptedPartition, type CopyOptions } from "./adopt/copy-partitions.ts";
export { verifyLog } from "./verify/verify-log.ts";
export { StorageError } from "./log/storage-error.ts";
export type { RecoveryProgress } from "./recovery/recovery-progress.ts";
export type { SaveSnapshotRequest } from "./snapshot/save-snapshot.ts";
export {
  loadSnapshot,
  type LoadedSnapshot,
  type LoadSnapshotOptions,
} from "./snapshot/load-snapshot.ts";
export {
  listSnapshots,
  removeSnapshot,
  type SnapshotManifest,
  type SnapshotPartition,
} from "./snapshot/snapshot-manifest.ts";
export {
  recover,
  recoverDirectories,
  type DirectoryRecovery,
  type RecoverOptions,
} from "./recovery/recover-directory.ts";
export { PARTITION_DIRECTORIES } from "./engine/partition-directories.ts";
