import { cleanableRange } from "../cleaner/cleanable-range.ts";
import { planCleaning } from "../cleaner/cleaning-plan.ts";
import { swapSegments } from "../cleaner/swap-segments.ts";
import type { Log } from "../log/log.ts";
import type { HostedLog } from "./hosted-log.ts";
import type { LogCallName, LogCalls } from "./host-calls.ts";

/** What a call may ask of the host of its log. */
export interface LogCallHost {
  /** Finishes the appends in flight, cuts, and resolves once the cut is on disk. */
  cut(hosted: HostedLog<unknown>, cut: (log: Log) => number): Promise<number>;
}

type LogCallTable = {
  readonly [Name in LogCallName]: (
    hosted: HostedLog<unknown>,
    argument: LogCalls[Name]["argument"],
    host: LogCallHost,
  ) => LogCalls[Name]["result"] | Promise<LogCalls[Name]["result"]>;
};

/** The rare calls on one log. */
export const logCalls: LogCallTable = {
  offsetForTimestamp: (hosted, timestampMs) => hosted.log.queries.offsetForTimestamp(timestampMs),
  offsetOfMaxTimestamp: (hosted) => hosted.log.queries.offsetOfMaxTimestamp(),
  endOffsetForEpoch: (hosted, leaderEpoch) => hosted.log.queries.endOffsetForEpoch(leaderEpoch),
  epochForOffset: (hosted, offset) => hosted.log.queries.epochForOffset(offset),
  deleteRecordsBefore: (hosted, offset) => hosted.log.deleteRecordsBefore(offset),
  abortedTransactions: (hosted, { startOffset, endOffset }) =>
    hosted.log.queries.abortedTransactions(startOffset, endOffset),
  producers: (hosted) => hosted.log.queries.producers(),
  truncateTo: (hosted, offset, host) =>
    host.cut(hosted, (log) => log.truncateTo(Math.max(offset, log.logStartOffset))),
  truncateFullyAndStartAt: (hosted, offset, host) =>
    host.cut(hosted, (log) => log.truncateFullyAndStartAt(offset)),
  planCleaning: (hosted, { checkpoint }) => {
    const log = hosted.log.maintenance();
    log.checkOpen();
    const range = cleanableRange(log, checkpoint, log.parts.clock.nowMs());
    return range.due ? planCleaning(log, range) : undefined;
  },
  swapCleaned: (hosted, request) => swapSegments(hosted.log.maintenance(), request),
  updateConfig: (hosted, config) => {
    hosted.log.updateConfig(config);
    return undefined;
  },
};
