import type { CheckpointKeeper } from "./checkpoint-keeper.ts";
import type { FileRemover } from "./file-remover.ts";
import type { HostLink } from "./host-link.ts";

/**
 * Applies retention to the logs behind one link. The log starts go to disk first, then the names change, then the
 * files go: at no moment does a log seem to miss a segment. The files are unlinked elsewhere, after the delay:
 * the thread that appends only renames.
 */
export async function retainOn(
  link: HostLink,
  { checkpoints, remover }: { readonly checkpoints: CheckpointKeeper; readonly remover: FileRemover },
): Promise<void> {
  const expired = await link.callHost("applyRetention", undefined);
  if (expired.length === 0) return;
  for (const { partitionId, state } of expired) {
    const partition = link.partition(partitionId);
    if (partition === undefined) continue;
    partition.applyState(state);
    partition.announce();
    checkpoints.noteLogStart(partition);
  }
  await checkpoints.save();
  await link.callHost("dropFiles", expired);
  for (const { delayMs, files } of expired) {
    remover.removeFilesAfter(
      delayMs,
      files.flatMap(({ paths }) => paths),
    );
  }
}
