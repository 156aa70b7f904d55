/*
 * ListOffsets (API 2), versions 1 to 11. Special timestamps: latest and earliest since 1, the largest
 * timestamp (KIP-734) since 7, earliest local (KIP-405) since 8, latest tiered since 9, earliest
 * pending upload since 11.
 */
import { Api, ErrorCode, type ListOffsetsRequest } from "@ottla/protocol";
import type { Partition } from "../../partition/partition.ts";
import { defineHandler } from "../../request/handler.ts";
import type { RequestContext } from "../../request/request-context.ts";

const LATEST = -1;
const EARLIEST = -2;
const MAX_TIMESTAMP = -3;
const EARLIEST_LOCAL = -4;
const LATEST_TIERED = -5;
const EARLIEST_PENDING_UPLOAD = -6;

/** First version that knows each special timestamp. */
const SINCE_VERSION: ReadonlyMap<number, number> = new Map([
  [LATEST, 1],
  [EARLIEST, 1],
  [MAX_TIMESTAMP, 7],
  [EARLIEST_LOCAL, 8],
  [LATEST_TIERED, 9],
  [EARLIEST_PENDING_UPLOAD, 11],
]);

const READ_COMMITTED = 1;

interface Position {
  readonly timestampMs: number;
  readonly offset: number;
  readonly leaderEpoch: number;
}

const NOTHING_FOUND: Position = { timestampMs: -1, offset: -1, leaderEpoch: -1 };

type AskedTopic = ListOffsetsRequest["topics"][number];
type AskedPartition = AskedTopic["partitions"][number];

export const listOffsets = defineHandler({
  api: Api.ListOffsets,
  minVersion: 1,
  maxVersion: 11,
  async handle(context, request) {
    const readCommitted = request.isolationLevel === READ_COMMITTED;
    const topics = await Promise.all(
      request.topics.map(async (topic) => ({
        name: topic.name,
        partitions: await Promise.all(
          topic.partitions.map((asked) => answerOne(context, { topic, asked, readCommitted })),
        ),
      })),
    );
    return { topics };
  },
});

async function answerOne(
  context: RequestContext,
  options: {
    readonly topic: AskedTopic;
    readonly asked: AskedPartition;
    readonly readCommitted: boolean;
  },
) {
  const { topic, asked } = options;
  const partitionIndex = asked.partitionIndex;
  const partition = context.services.partitions.get(topic.name, partitionIndex);
  const timestamp = Number(asked.timestamp);
  const errorCode = check(context, { ...options, partition, timestamp });
  if (errorCode !== ErrorCode.NONE || !partition) return { partitionIndex, errorCode };
  const position = await locate(partition, timestamp, options.readCommitted);
  return {
    partitionIndex,
    errorCode: ErrorCode.NONE,
    timestamp: BigInt(position.timestampMs),
    offset: BigInt(position.offset),
    leaderEpoch: position.leaderEpoch,
  };
}

function check(
  context: RequestContext,
  options: {
    readonly topic: AskedTopic;
    readonly asked: AskedPartition;
    readonly partition: Partition | undefined;
    readonly timestamp: number;
  },
): number {
  const { topic, asked, partition, timestamp } = options;
  const same = topic.partitions.filter((other) => other.partitionIndex === asked.partitionIndex);
  if (same.length > 1) return ErrorCode.INVALID_REQUEST;
  if (timestamp < 0 && context.apiVersion < (SINCE_VERSION.get(timestamp) ?? Infinity)) {
    return ErrorCode.UNSUPPORTED_VERSION;
  }
  if (!partition) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  if (!partition.log.online) return ErrorCode.KAFKA_STORAGE_ERROR;
  const epochError = partition.checkLeaderEpoch(asked.currentLeaderEpoch);
  if (epochError !== ErrorCode.NONE) return epochError;
  return partition.isLeader ? ErrorCode.NONE : ErrorCode.NOT_LEADER_OR_FOLLOWER;
}

async function locate(
  partition: Partition,
  timestamp: number,
  readCommitted: boolean,
): Promise<Position> {
  const bound = readCommitted ? partition.lastStableOffset : partition.highWatermark;
  switch (timestamp) {
    case LATEST:
      return { timestampMs: -1, offset: bound, leaderEpoch: partition.leaderEpoch };
    case EARLIEST:
    case EARLIEST_LOCAL:
      return earliest(partition);
    case LATEST_TIERED:
    case EARLIEST_PENDING_UPLOAD:
      // Nothing is tiered, which Kafka without remote storage says in the same way.
      return NOTHING_FOUND;
    case MAX_TIMESTAMP:
      return below(bound, await partition.log.offsetOfMaxTimestamp());
    default:
      return below(bound, await partition.log.offsetForTimestamp(timestamp));
  }
}

async function earliest(partition: Partition): Promise<Position> {
  const offset = partition.logStartOffset;
  const epoch = await partition.log.epochForOffset(offset);
  return { timestampMs: -1, offset, leaderEpoch: epoch < 0 ? partition.leaderEpoch : epoch };
}

/** A record that a consumer could not read yet has not been found. */
function below(bound: number, found: Position | undefined): Position {
  return found && found.offset < bound ? found : NOTHING_FOUND;
}
