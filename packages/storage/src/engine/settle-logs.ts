import type { FlushScheduler } from "../flush/flush-scheduler.ts";
import { fitsFile, type LogStamp } from "../log/log-stamp.ts";
import type { HostedLog } from "./hosted-log.ts";

/** Logs put in order per look: each costs a few syncs, which appends of others should hardly notice. */
const LOGS_PER_LOOK_MAX = 500;

/**
 * Puts logs in order that were appended to and then left alone: their index files and producer snapshot are
 * written and synced, as a clean stop would, so that a start after a crash need not read their active segments.
 * That bounds recovery by what was written lately, not by the number of partitions.
 */
export class LogSettler<Token> {
  readonly #scheduler: FlushScheduler<HostedLog<Token>>;
  /** Log ends as of the last look, of logs that were not in order. */
  #ends = new Map<number, number>();

  constructor(scheduler: FlushScheduler<HostedLog<Token>>) {
    this.#scheduler = scheduler;
  }

  /** Returns how many logs have a new stamp. */
  async settleQuiet(logs: Iterable<HostedLog<Token>>, stopped: () => boolean): Promise<number> {
    const ends = new Map<number, number>();
    const quiet: HostedLog<Token>[] = [];
    for (const hosted of logs) {
      const { partitionId, log } = hosted;
      if (log.settled) continue;
      if (this.#ends.get(partitionId) === log.logEndOffset && quiet.length < LOGS_PER_LOOK_MAX)
        quiet.push(hosted);
      ends.set(partitionId, log.logEndOffset);
    }
    this.#ends = ends;
    let settled = 0;
    for (const hosted of quiet) {
      if (stopped()) break;
      if (await this.#settle(hosted)) settled++;
    }
    return settled;
  }

  async #settle(hosted: HostedLog<Token>): Promise<boolean> {
    const { log } = hosted;
    await this.#scheduler.idle(hosted);
    // Appended to meanwhile, or gone.
    if (!log.open || log.hasStaged || log.hasUnsynced) return false;
    if (!log.settle()) return false;
    this.#scheduler.request(hosted);
    await this.#scheduler.idle(hosted);
    return log.open && log.stamp() !== undefined;
  }
}

/** Those that are worth writing down: the indexes of a large segment are not put into the file. */
export function knownStamps<Token>(logs: Iterable<HostedLog<Token>>): LogStamp[] {
  const stamps: LogStamp[] = [];
  for (const { log } of logs) {
    const stamp = log.knownStamp;
    if (stamp !== undefined && fitsFile(stamp)) stamps.push(stamp);
  }
  return stamps;
}
