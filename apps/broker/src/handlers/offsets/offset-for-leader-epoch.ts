/* OffsetForLeaderEpoch (API 23), versions 2 to 4: where an epoch ended (KIP-101, KIP-279, KIP-320). */
import { Api, ErrorCode, type OffsetForLeaderEpochRequest } from "@ottla/protocol";
import { defineHandler } from "../../request/handler.ts";
import type { RequestContext } from "../../request/request-context.ts";

type AskedPartition = OffsetForLeaderEpochRequest["topics"][number]["partitions"][number];

export const offsetForLeaderEpoch = defineHandler({
  api: Api.OffsetForLeaderEpoch,
  minVersion: 2,
  maxVersion: 4,
  async handle(context, request) {
    const topics = await Promise.all(
      request.topics.map(async ({ topic, partitions }) => ({
        topic,
        partitions: await Promise.all(partitions.map((asked) => answerOne(context, topic, asked))),
      })),
    );
    return { topics };
  },
});

async function answerOne(context: RequestContext, topic: string, asked: AskedPartition) {
  const partition = context.services.partitions.get(topic, asked.partition);
  if (!partition) return refused(asked, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  if (!partition.log.online) return refused(asked, ErrorCode.KAFKA_STORAGE_ERROR);
  const epochError = partition.checkLeaderEpoch(asked.currentLeaderEpoch);
  if (epochError !== ErrorCode.NONE) return refused(asked, epochError);
  if (!partition.isLeader) return refused(asked, ErrorCode.NOT_LEADER_OR_FOLLOWER);
  if (asked.leaderEpoch === partition.leaderEpoch) {
    // The current epoch ends where the next record goes, also when it has written nothing yet.
    return result(asked, partition.leaderEpoch, partition.log.logEndOffset);
  }
  const { leaderEpoch, endOffset } = await partition.log.endOffsetForEpoch(asked.leaderEpoch);
  return result(asked, leaderEpoch, endOffset);
}

function result(asked: AskedPartition, leaderEpoch: number, endOffset: number) {
  return {
    partition: asked.partition,
    errorCode: ErrorCode.NONE,
    leaderEpoch,
    endOffset: BigInt(endOffset),
  };
}

function refused(asked: AskedPartition, errorCode: number) {
  return { partition: asked.partition, errorCode };
}
