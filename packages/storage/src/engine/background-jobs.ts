import { NodeFileSystem } from "@ottla/runtime";
import type { RemoveJob } from "./file-remover.ts";

export {
  measureRecoveryNow as measureRecovery,
  recoverPartitionsNow as recoverPartitions,
} from "./recovery-jobs.ts";

export { runCleanerJob } from "./cleaner-tasks.ts";

// Ordinary tasks of the background pool: they never stand before an append.

/** Unlinks files of segments and whole directories of logs that left the engine already. */
export async function removeFiles({ files, directories }: RemoveJob): Promise<void> {
  const fileSystem = new NodeFileSystem();
  for (const file of files) await fileSystem.remove(file);
  for (const directory of directories) await fileSystem.removeDirectory(directory);
}
