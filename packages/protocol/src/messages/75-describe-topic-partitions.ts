import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * DescribeTopicPartitions (key 75): topics and partitions page by page, with the eligible leader
 * replicas (KIP-966). Version 0, flexible from 0.
 */

export const describeTopicPartitionsRequest = message({
  apiKey: 75,
  name: "DescribeTopicPartitionsRequest",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: {
    topics: f.array({ fields: { name: f.string() } }),
    responsePartitionLimit: f.int32({ default: 2000 }),
    cursor: f.struct({
      nullable: "0+",
      default: null,
      fields: { topicName: f.string(), partitionIndex: f.int32() },
    }),
  },
});

export interface DescribeTopicPartitionsRequest extends Infer<
  typeof describeTopicPartitionsRequest
> {}

export const describeTopicPartitionsResponse = message({
  apiKey: 75,
  name: "DescribeTopicPartitionsResponse",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: {
    throttleTimeMs: f.int32(),
    topics: f.array({
      fields: {
        errorCode: f.int16(),
        name: f.string({ nullable: "0+" }),
        topicId: f.uuid(),
        isInternal: f.bool(),
        partitions: f.array({
          fields: {
            errorCode: f.int16(),
            partitionIndex: f.int32(),
            leaderId: f.int32(),
            leaderEpoch: f.int32({ default: -1 }),
            replicaNodes: f.array({ of: f.int32() }),
            isrNodes: f.array({ of: f.int32() }),
            eligibleLeaderReplicas: f.array({ nullable: "0+", default: null, of: f.int32() }),
            lastKnownElr: f.array({ nullable: "0+", default: null, of: f.int32() }),
            offlineReplicas: f.array({ of: f.int32() }),
          },
        }),
        topicAuthorizedOperations: f.int32({ default: -2_147_483_648 }),
      },
    }),
    nextCursor: f.struct({
      nullable: "0+",
      default: null,
      fields: { topicName: f.string(), partitionIndex: f.int32() },
    }),
  },
});

export interface DescribeTopicPartitionsResponse extends Infer<
  typeof describeTopicPartitionsResponse
> {}
