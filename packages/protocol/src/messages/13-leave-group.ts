import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * LeaveGroup (key 13): leaves a classic group. From 3 on several members at once (KIP-345), 5
 * carries a reason (KIP-800). Versions 0 to 5, flexible from 4.
 */

export const leaveGroupRequest = message({
  apiKey: 13,
  name: "LeaveGroupRequest",
  validVersions: "0-5",
  flexibleVersions: "4+",
  fields: {
    groupId: f.string(),
    memberId: f.string({ versions: "0-2" }),
    members: f.array({
      versions: "3+",
      fields: {
        memberId: f.string({ versions: "3+" }),
        groupInstanceId: f.string({ versions: "3+", nullable: "3+", default: null }),
        reason: f.string({ versions: "5+", nullable: "5+", default: null }),
      },
    }),
  },
});

export interface LeaveGroupRequest extends Infer<typeof leaveGroupRequest> {}

export const leaveGroupResponse = message({
  apiKey: 13,
  name: "LeaveGroupResponse",
  validVersions: "0-5",
  flexibleVersions: "4+",
  fields: {
    throttleTimeMs: f.int32({ versions: "1+" }),
    errorCode: f.int16(),
    members: f.array({
      versions: "3+",
      fields: {
        memberId: f.string({ versions: "3+" }),
        groupInstanceId: f.string({ versions: "3+", nullable: "3+" }),
        errorCode: f.int16({ versions: "3+" }),
      },
    }),
  },
});

export interface LeaveGroupResponse extends Infer<typeof leaveGroupResponse> {}
