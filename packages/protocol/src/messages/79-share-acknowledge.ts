import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * ShareAcknowledge (key 79): acknowledges records of a share group (KIP-932). 2 can renew them
 * (KIP-1222). Versions 1 to 2, flexible from 0.
 */

export const shareAcknowledgeRequest = message({
  apiKey: 79,
  name: "ShareAcknowledgeRequest",
  validVersions: "1-2",
  flexibleVersions: "0+",
  fields: {
    groupId: f.string({ nullable: "0+", default: null }),
    memberId: f.string({ nullable: "0+" }),
    shareSessionEpoch: f.int32(),
    isRenewAck: f.bool({ versions: "2+" }),
    topics: f.array({
      fields: {
        topicId: f.uuid(),
        partitions: f.array({
          fields: {
            partitionIndex: f.int32(),
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
  },
});

export interface ShareAcknowledgeRequest extends Infer<typeof shareAcknowledgeRequest> {}

export const shareAcknowledgeResponse = message({
  apiKey: 79,
  name: "ShareAcknowledgeResponse",
  validVersions: "1-2",
  flexibleVersions: "0+",
  fields: {
    throttleTimeMs: f.int32(),
    errorCode: f.int16(),
    errorMessage: f.string({ nullable: "0+", default: null }),
    acquisitionLockTimeoutMs: f.int32({ versions: "2+" }),
    responses: f.array({
      fields: {
        topicId: f.uuid(),
        partitions: f.array({
          fields: {
            partitionIndex: f.int32(),
            errorCode: f.int16(),
            errorMessage: f.string({ nullable: "0+", default: null }),
            currentLeader: f.struct({ fields: { leaderId: f.int32(), leaderEpoch: f.int32() } }),
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

export interface ShareAcknowledgeResponse extends Infer<typeof shareAcknowledgeResponse> {}
