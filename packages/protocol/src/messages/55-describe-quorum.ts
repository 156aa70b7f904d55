import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * DescribeQuorum (key 55): describes the quorum that keeps the cluster's metadata (KIP-642). 1
 * has fetch times (KIP-836), 2 nodes and directory ids (KIP-853). Versions 0 to 2, flexible from
 * 0.
 */

export const describeQuorumRequest = message({
  apiKey: 55,
  name: "DescribeQuorumRequest",
  validVersions: "0-2",
  flexibleVersions: "0+",
  fields: {
    topics: f.array({
      fields: {
        topicName: f.string(),
        partitions: f.array({ fields: { partitionIndex: f.int32() } }),
      },
    }),
  },
});

export interface DescribeQuorumRequest extends Infer<typeof describeQuorumRequest> {}

const replicaStateFields = {
  replicaId: f.int32(),
  replicaDirectoryId: f.uuid({ versions: "2+" }),
  logEndOffset: f.int64(),
  lastFetchTimestamp: f.int64({ versions: "1+", default: -1n }),
  lastCaughtUpTimestamp: f.int64({ versions: "1+", default: -1n }),
};

export const describeQuorumResponse = message({
  apiKey: 55,
  name: "DescribeQuorumResponse",
  validVersions: "0-2",
  flexibleVersions: "0+",
  fields: {
    errorCode: f.int16(),
    errorMessage: f.string({ versions: "2+", nullable: "2+" }),
    topics: f.array({
      fields: {
        topicName: f.string(),
        partitions: f.array({
          fields: {
            partitionIndex: f.int32(),
            errorCode: f.int16(),
            errorMessage: f.string({ versions: "2+", nullable: "2+" }),
            leaderId: f.int32(),
            leaderEpoch: f.int32(),
            highWatermark: f.int64(),
            currentVoters: f.array({ fields: replicaStateFields }),
            observers: f.array({ fields: replicaStateFields }),
          },
        }),
      },
    }),
    nodes: f.array({
      versions: "2+",
      fields: {
        nodeId: f.int32({ versions: "2+" }),
        listeners: f.array({
          versions: "2+",
          fields: {
            name: f.string({ versions: "2+" }),
            host: f.string({ versions: "2+" }),
            port: f.uint16({ versions: "2+" }),
          },
        }),
      },
    }),
  },
});

export interface DescribeQuorumResponse extends Infer<typeof describeQuorumResponse> {}
