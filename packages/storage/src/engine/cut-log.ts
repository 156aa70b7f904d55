import type { FlushScheduler } from "../flush/flush-scheduler.ts";
import { StorageError } from "../log/storage-error.ts";
import type { Log } from "../log/log.ts";
import type { HostedLog } from "./hosted-log.ts";

export interface CutHost<Token> {
  readonly scheduler: FlushScheduler<HostedLog<Token>>;
  writeStaged(): void;
  isOffline(): boolean;
  goOffline(error: unknown): void;
}

/**
 * Truncates a log of a running host: what was appended before is written, synced and answered first, so that no
 * append waits for bytes that are gone, and the cut is synced before anyone hears of it.
 */
export async function cutLog<Token>(
  host: CutHost<Token>,
  hosted: HostedLog<Token>,
  cut: (log: Log) => number,
): Promise<number> {
  await quiesce(host, hosted);
  let logEndOffset: number;
  try {
    logEndOffset = cut(hosted.log);
  } catch (error) {
    if (error instanceof StorageError && error.fatal) host.goOffline(error);
    throw error;
  }
  hosted.truncations += 1;
  await syncOf(host, hosted);
  return logEndOffset;
}

async function quiesce<Token>(host: CutHost<Token>, hosted: HostedLog<Token>): Promise<void> {
  for (;;) {
    host.writeStaged();
    if (hosted.log.hasUnsynced) await syncOf(host, hosted);
    else await host.scheduler.idle(hosted);
    mustServe(host);
    if (hosted.staged.length === 0 && hosted.unsynced.length === 0 && !hosted.log.hasUnsynced)
      return;
  }
}

async function syncOf<Token>(host: CutHost<Token>, hosted: HostedLog<Token>): Promise<void> {
  host.scheduler.request(hosted);
  await host.scheduler.idle(hosted);
  mustServe(host);
}

function mustServe<Token>(host: CutHost<Token>): void {
  if (host.isOffline()) throw new StorageError("the partition is offline", { fatal: false });
}
