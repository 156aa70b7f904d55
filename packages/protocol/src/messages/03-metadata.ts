import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * Metadata (key 3): brokers, topics, partitions and their leaders. No topics asked means all of
 * them in version 0; from 1 on null means all and an empty list none. 10 has topic ids, 12 may
 * ask by id (KIP-516). Versions 0 to 13, flexible from 9.
 */

export const metadataRequest = message({
  apiKey: 3,
  name: "MetadataRequest",
  validVersions: "0-13",
  flexibleVersions: "9+",
  fields: {
    topics: f.array({
      nullable: "1+",
      fields: { topicId: f.uuid({ versions: "10+" }), name: f.string({ nullable: "10+" }) },
    }),
    allowAutoTopicCreation: f.bool({ versions: "4+", default: true }),
    includeClusterAuthorizedOperations: f.bool({ versions: "8-10" }),
    includeTopicAuthorizedOperations: f.bool({ versions: "8+" }),
  },
});

export interface MetadataRequest extends Infer<typeof metadataRequest> {}

export const metadataResponse = message({
  apiKey: 3,
  name: "MetadataResponse",
  validVersions: "0-13",
  flexibleVersions: "9+",
  fields: {
    throttleTimeMs: f.int32({ versions: "3+" }),
    brokers: f.array({
      fields: {
        nodeId: f.int32(),
        host: f.string(),
        port: f.int32(),
        rack: f.string({ versions: "1+", nullable: "1+", default: null }),
      },
    }),
    clusterId: f.string({ versions: "2+", nullable: "2+", default: null }),
    controllerId: f.int32({ versions: "1+", default: -1 }),
    topics: f.array({
      fields: {
        errorCode: f.int16(),
        name: f.string({ nullable: "12+" }),
        topicId: f.uuid({ versions: "10+" }),
        isInternal: f.bool({ versions: "1+" }),
        partitions: f.array({
          fields: {
            errorCode: f.int16(),
            partitionIndex: f.int32(),
            leaderId: f.int32(),
            leaderEpoch: f.int32({ versions: "7+", default: -1 }),
            replicaNodes: f.array({ of: f.int32() }),
            isrNodes: f.array({ of: f.int32() }),
            offlineReplicas: f.array({ versions: "5+", of: f.int32() }),
          },
        }),
        topicAuthorizedOperations: f.int32({ versions: "8+", default: -2_147_483_648 }),
      },
    }),
    clusterAuthorizedOperations: f.int32({ versions: "8-10", default: -2_147_483_648 }),
    errorCode: f.int16({ versions: "13+" }),
  },
});

export interface MetadataResponse extends Infer<typeof metadataResponse> {}
