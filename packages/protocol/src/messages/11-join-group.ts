import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * JoinGroup (key 11): enters a classic group. 4 makes the member come back with the id given to
 * it (KIP-394), 5 has group instance ids (KIP-345), 7 names the protocol type (KIP-559), 8
 * carries a reason (KIP-800). Versions 0 to 9, flexible from 6.
 */

export const joinGroupRequest = message({
  apiKey: 11,
  name: "JoinGroupRequest",
  validVersions: "0-9",
  flexibleVersions: "6+",
  fields: {
    groupId: f.string(),
    sessionTimeoutMs: f.int32(),
    rebalanceTimeoutMs: f.int32({ versions: "1+", default: -1 }),
    memberId: f.string(),
    groupInstanceId: f.string({ versions: "5+", nullable: "5+", default: null }),
    protocolType: f.string(),
    protocols: f.array({ fields: { name: f.string(), metadata: f.bytes() } }),
    reason: f.string({ versions: "8+", nullable: "8+", default: null }),
  },
});

export interface JoinGroupRequest extends Infer<typeof joinGroupRequest> {}

export const joinGroupResponse = message({
  apiKey: 11,
  name: "JoinGroupResponse",
  validVersions: "0-9",
  flexibleVersions: "6+",
  fields: {
    throttleTimeMs: f.int32({ versions: "2+" }),
    errorCode: f.int16(),
    generationId: f.int32({ default: -1 }),
    protocolType: f.string({ versions: "7+", nullable: "7+", default: null }),
    protocolName: f.string({ nullable: "7+" }),
    leader: f.string(),
    skipAssignment: f.bool({ versions: "9+" }),
    memberId: f.string(),
    members: f.array({
      fields: {
        memberId: f.string(),
        groupInstanceId: f.string({ versions: "5+", nullable: "5+", default: null }),
        metadata: f.bytes(),
      },
    }),
  },
});

export interface JoinGroupResponse extends Infer<typeof joinGroupResponse> {}
