import type { HostedLog } from "./hosted-log.ts";
import type { LogCallName, LogCalls } from "./host-calls.ts";

type LogCallTable = {
  readonly [Name in LogCallName]: (
    hosted: HostedLog<unknown>,
    argument: LogCalls[Name]["argument"],
  ) => LogCalls[Name]["result"] | Promise<LogCalls[Name]["result"]>;
};

/** The rare calls on one log. */
export const logCalls: LogCallTable = {
  offsetForTimestamp: (hosted, timestampMs) => hosted.log.offsetForTimestamp(timestampMs),
  offsetOfMaxTimestamp: (hosted) => hosted.log.offsetOfMaxTimestamp(),
  endOffsetForEpoch: (hosted, leaderEpoch) => hosted.log.endOffsetForEpoch(leaderEpoch),
  epochForOffset: (hosted, offset) => hosted.log.epochForOffset(offset),
  deleteRecordsBefore: (hosted, offset) => hosted.log.deleteRecordsBefore(offset),
  updateConfig: (hosted, config) => {
    hosted.log.updateConfig(config);
    return undefined;
  },
};
