/*
 * DescribeLogDirs (API 35), versions 1 to 5: the log directories of this broker and what lies in them
 * (KIP-113). Version 3 has an error for the whole answer, 4 the size of the volumes (KIP-827), 5 says
 * whether a directory takes no new partitions (KIP-1066), which none of ours refuses. A directory that is
 * offline has the error KAFKA_STORAGE_ERROR and neither sizes nor partitions. Null asks for all partitions,
 * an empty list for none.
 */
import { resolve } from "node:path";
import {
  Api,
  ErrorCode,
  type DescribeLogDirsRequest,
  type DescribeLogDirsResponse,
  type MessageInput,
} from "@ottla/protocol";
import type { LogDirectoryStatus, PartitionLog } from "@ottla/storage";
import { defineHandler } from "../../request/handler.ts";
import type { RequestContext } from "../../request/request-context.ts";

type Result = NonNullable<MessageInput<DescribeLogDirsResponse>["results"]>[number];
type Topic = NonNullable<Result["topics"]>[number];
type Partition = NonNullable<Topic["partitions"]>[number];

export const describeLogDirs = defineHandler({
  api: Api.DescribeLogDirs,
  minVersion: 1,
  maxVersion: 5,
  handle(context, request) {
    const { engine } = context.services;
    const isAsked = filterOf(request);
    const byDirectory = new Map<string, PartitionLog[]>();
    for (const log of engine.partitions()) {
      if (!isAsked(log.topic, log.partition)) continue;
      const logs = byDirectory.get(log.directory);
      if (logs === undefined) byDirectory.set(log.directory, [log]);
      else logs.push(log);
    }
    const results = engine
      .directories()
      .map((status) => describe(context, status, byDirectory.get(status.directory) ?? []));
    return { errorCode: ErrorCode.NONE, results };
  },
});

function filterOf({
  topics,
}: DescribeLogDirsRequest): (topic: string, partition: number) => boolean {
  if (topics === null) return () => true;
  const asked = new Map<string, Set<number>>();
  for (const { topic, partitions } of topics) {
    const known = asked.get(topic) ?? new Set();
    for (const partition of partitions) known.add(partition);
    asked.set(topic, known);
  }
  return (topic, partition) => asked.get(topic)?.has(partition) ?? false;
}

function describe(
  context: RequestContext,
  { directory, online, totalBytes, usableBytes }: LogDirectoryStatus,
  logs: readonly PartitionLog[],
): Result {
  const logDir = resolve(directory);
  if (!online) return { errorCode: ErrorCode.KAFKA_STORAGE_ERROR, logDir };
  const topics = new Map<string, Partition[]>();
  for (const log of logs) {
    const described = {
      partitionIndex: log.partition,
      partitionSize: BigInt(log.sizeBytes),
      offsetLag: BigInt(offsetLag(context, log)),
      isFutureKey: false,
    };
    const partitions = topics.get(log.topic);
    if (partitions === undefined) topics.set(log.topic, [described]);
    else partitions.push(described);
  }
  return {
    errorCode: ErrorCode.NONE,
    logDir,
    topics: [...topics].map(([name, partitions]) => ({ name, partitions })),
    totalBytes: BigInt(totalBytes),
    usableBytes: BigInt(usableBytes),
  };
}

/** How far the log is behind the high watermark: what a replica that was away still has to fetch. */
function offsetLag({ services }: RequestContext, log: PartitionLog): number {
  const partition = services.partitions.get(log.topic, log.partition);
  return partition === undefined ? 0 : Math.max(0, partition.highWatermark - log.logEndOffset);
}
