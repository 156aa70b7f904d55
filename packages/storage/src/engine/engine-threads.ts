import type { RecoveredPartition } from "../recovery/recover-partition.ts";
import type { RecoveryProgress } from "../recovery/recovery-progress.ts";
import type { ArenaSlabPool } from "./arena-slab-pool.ts";
import type { RunCleanerTask } from "./cleaner-tasks.ts";
import type { EnginePartition } from "./engine-partition.ts";
import type { RemoveJob } from "./file-remover.ts";
import type { LoadRequest } from "./host-calls.ts";
import type { HostLink } from "./host-link.ts";

/** What a link needs of the engine that owns it. */
export interface EngineContext {
  readonly slabs: ArenaSlabPool;
  readonly readSlabs: ArenaSlabPool;
  readonly onDirectoryOffline: (cause: Error) => void;
  /** How to load a partition again after its worker died. */
  readonly reloadRequest: (partition: EnginePartition) => LoadRequest;
}

/** Where the hosts live, and where background jobs run. */
export interface EngineThreads {
  readonly links: readonly HostLink[];
  /** Recovers logs outside of the hosts; absent where there are no threads. Rejects with StorageError. */
  readonly recover?: (
    requests: readonly LoadRequest[],
    follow: (progress: () => RecoveryProgress) => void,
  ) => Promise<readonly RecoveredPartition[]>;
  readonly removeInBackground: (job: RemoveJob) => Promise<void>;
  readonly runCleanerTask: RunCleanerTask;
  readonly onArenaDropped: (arenaId: number) => void;
  /** Starts threads that the first append would otherwise wait for. */
  readonly warmUp: () => void;
  readonly stop: () => Promise<void>;
}
