import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * ShareFetch (key 78): acquires records for a share group, and acknowledges others on the way
 * (KIP-932). 2 has acquire modes (KIP-1206) and renewals (KIP-1222). Versions 1 to 2, flexible
 * from 0.
 */

export const shareFetchRequest = message({
  apiKey: 78,
  name: "ShareFetchRequest",
  validVersions: "1-2",
  flexibleVersions: "0+",
  fields: {
    groupId: f.string({ nullable: "0+", default: null }),
    memberId: f.string({ nullable: "0+" }),
    shareSessionEpoch: f.int32(),
    maxWaitMs: f.int32(),
    minBytes: f.int32(),
    maxBytes: f.int32({ default: 2_147_483_647 }),
    maxRecords: f.int32({ versions: "1+" }),
    batchSize: f.int32({ versions: "1+" }),
    shareAcquireMode: f.int8({ versions: "2+" }),
    isRenewAck: f.bool({ versions: "2+" }),
    topics: f.array({
      fields: {
        topicId: f.uuid(),
        partitions: f.array({
          fields: {
            partitionIndex: f.int32(),
            partitionMaxBytes: f.int32({ versions: "0" }),
            acknowledgementBatches: f.array({
              fields: {
                firstOffset: f.int64(),
                lastOffset: f.int64(),
                acknowledgeTypes: f.array({ of: f.int8() }),
              },
            }),
          },
        }),
      },
    }),
    forgottenTopicsData: f.array({
      fields: { topicId: f.uuid(), partitions: f.array({ of: f.int32() }) },
    }),
  },
});

export interface ShareFetchRequest extends Infer<typeof shareFetchRequest> {}

export const shareFetchResponse = message({
  apiKey: 78,
  name: "ShareFetchResponse",
  validVersions: "1-2",
  flexibleVersions: "0+",
  fields: {
    throttleTimeMs: f.int32(),
    errorCode: f.int16(),
    errorMessage: f.string({ nullable: "0+", default: null }),
    acquisitionLockTimeoutMs: f.int32({ versions: "1+" }),
    responses: f.array({
      fields: {
        topicId: f.uuid(),
        partitions: f.array({
          fields: {
            partitionIndex: f.int32(),
            errorCode: f.int16(),
            errorMessage: f.string({ nullable: "0+", default: null }),
            acknowledgeErrorCode: f.int16(),
            acknowledgeErrorMessage: f.string({ nullable: "0+", default: null }),
            currentLeader: f.struct({ fields: { leaderId: f.int32(), leaderEpoch: f.int32() } }),
            records: f.records({ nullable: "0" }),
            acquiredRecords: f.array({
              fields: { firstOffset: f.int64(), lastOffset: f.int64(), deliveryCount: f.int16() },
            }),
          },
        }),
      },
    }),
    nodeEndpoints: f.array({
      fields: {
        nodeId: f.int32(),
        host: f.string(),
        port: f.int32(),
        rack: f.string({ nullable: "0+", default: null }),
      },
    }),
  },
});

export interface ShareFetchResponse extends Infer<typeof shareFetchResponse> {}
