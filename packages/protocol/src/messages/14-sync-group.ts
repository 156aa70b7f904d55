import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * SyncGroup (key 14): hands the leader's assignment to the members of a classic group. 3 has
 * group instance ids (KIP-345), 5 checks protocol type and name (KIP-559). Versions 0 to 5,
 * flexible from 4.
 */

export const syncGroupRequest = message({
  apiKey: 14,
  name: "SyncGroupRequest",
  validVersions: "0-5",
  flexibleVersions: "4+",
  fields: {
    groupId: f.string(),
    generationId: f.int32(),
    memberId: f.string(),
    groupInstanceId: f.string({ versions: "3+", nullable: "3+", default: null }),
    protocolType: f.string({ versions: "5+", nullable: "5+", default: null }),
    protocolName: f.string({ versions: "5+", nullable: "5+", default: null }),
    assignments: f.array({ fields: { memberId: f.string(), assignment: f.bytes() } }),
  },
});

export interface SyncGroupRequest extends Infer<typeof syncGroupRequest> {}

export const syncGroupResponse = message({
  apiKey: 14,
  name: "SyncGroupResponse",
  validVersions: "0-5",
  flexibleVersions: "4+",
  fields: {
    throttleTimeMs: f.int32({ versions: "1+" }),
    errorCode: f.int16(),
    protocolType: f.string({ versions: "5+", nullable: "5+", default: null }),
    protocolName: f.string({ versions: "5+", nullable: "5+", default: null }),
    assignment: f.bytes(),
  },
});

export interface SyncGroupResponse extends Infer<typeof syncGroupResponse> {}
