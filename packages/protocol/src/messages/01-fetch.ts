import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * Fetch (key 1): reads record batches, for consumers and followers alike. 4 knows isolation
 * levels, 7 brings fetch sessions (KIP-227), 9 leader epochs (KIP-320), 10 zstd (KIP-110), 11 the
 * rack of the consumer (KIP-392), 12 truncation by epoch (KIP-595), 13 topic ids (KIP-516), 15
 * the replica epoch (KIP-903), 16 the new leader's endpoint (KIP-951), 18 the follower's high
 * watermark (KIP-1166). Versions 4 to 18, flexible from 12.
 */

export const fetchRequest = message({
  apiKey: 1,
  name: "FetchRequest",
  validVersions: "4-18",
  flexibleVersions: "12+",
  fields: {
    clusterId: f.string({ versions: "12+", nullable: "12+", tagged: "12+", tag: 0, default: null }),
    replicaId: f.int32({ versions: "0-14", default: -1 }),
    replicaState: f.struct({
      versions: "15+",
      tagged: "15+",
      tag: 1,
      fields: {
        replicaId: f.int32({ versions: "15+", default: -1 }),
        replicaEpoch: f.int64({ versions: "15+", default: -1n }),
      },
    }),
    maxWaitMs: f.int32(),
    minBytes: f.int32(),
    maxBytes: f.int32({ versions: "3+", default: 2_147_483_647 }),
    isolationLevel: f.int8({ versions: "4+" }),
    sessionId: f.int32({ versions: "7+" }),
    sessionEpoch: f.int32({ versions: "7+", default: -1 }),
    topics: f.array({
      fields: {
        topic: f.string({ versions: "0-12" }),
        topicId: f.uuid({ versions: "13+" }),
        partitions: f.array({
          fields: {
            partition: f.int32(),
            currentLeaderEpoch: f.int32({ versions: "9+", default: -1 }),
            fetchOffset: f.int64(),
            lastFetchedEpoch: f.int32({ versions: "12+", default: -1 }),
            logStartOffset: f.int64({ versions: "5+", default: -1n }),
            partitionMaxBytes: f.int32(),
            replicaDirectoryId: f.uuid({ versions: "17+", tagged: "17+", tag: 0 }),
            highWatermark: f.int64({
              versions: "18+",
              tagged: "18+",
              tag: 1,
              default: 9_223_372_036_854_775_807n,
            }),
          },
        }),
      },
    }),
    forgottenTopicsData: f.array({
      versions: "7+",
      fields: {
        topic: f.string({ versions: "7-12" }),
        topicId: f.uuid({ versions: "13+" }),
        partitions: f.array({ versions: "7+", of: f.int32() }),
      },
    }),
    rackId: f.string({ versions: "11+" }),
  },
});

export interface FetchRequest extends Infer<typeof fetchRequest> {}

export const fetchResponse = message({
  apiKey: 1,
  name: "FetchResponse",
  validVersions: "4-18",
  flexibleVersions: "12+",
  fields: {
    throttleTimeMs: f.int32({ versions: "1+" }),
    errorCode: f.int16({ versions: "7+" }),
    sessionId: f.int32({ versions: "7+" }),
    responses: f.array({
      fields: {
        topic: f.string({ versions: "0-12" }),
        topicId: f.uuid({ versions: "13+" }),
        partitions: f.array({
          fields: {
            partitionIndex: f.int32(),
            errorCode: f.int16(),
            highWatermark: f.int64(),
            lastStableOffset: f.int64({ versions: "4+", default: -1n }),
            logStartOffset: f.int64({ versions: "5+", default: -1n }),
            divergingEpoch: f.struct({
              versions: "12+",
              tagged: "12+",
              tag: 0,
              fields: {
                epoch: f.int32({ versions: "12+", default: -1 }),
                endOffset: f.int64({ versions: "12+", default: -1n }),
              },
            }),
            currentLeader: f.struct({
              versions: "12+",
              tagged: "12+",
              tag: 1,
              fields: {
                leaderId: f.int32({ versions: "12+", default: -1 }),
                leaderEpoch: f.int32({ versions: "12+", default: -1 }),
              },
            }),
            snapshotId: f.struct({
              versions: "12+",
              tagged: "12+",
              tag: 2,
              fields: { endOffset: f.int64({ default: -1n }), epoch: f.int32({ default: -1 }) },
            }),
            abortedTransactions: f.array({
              versions: "4+",
              nullable: "4+",
              fields: {
                producerId: f.int64({ versions: "4+" }),
                firstOffset: f.int64({ versions: "4+" }),
              },
            }),
            preferredReadReplica: f.int32({ versions: "11+", default: -1 }),
            records: f.records({ nullable: "0+" }),
          },
        }),
      },
    }),
    nodeEndpoints: f.array({
      versions: "16+",
      tagged: "16+",
      tag: 0,
      fields: {
        nodeId: f.int32({ versions: "16+" }),
        host: f.string({ versions: "16+" }),
        port: f.int32({ versions: "16+" }),
        rack: f.string({ versions: "16+", nullable: "16+", default: null }),
      },
    }),
  },
});

export interface FetchResponse extends Infer<typeof fetchResponse> {}
