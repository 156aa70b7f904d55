import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * Heartbeat (key 12): keeps a member of a classic group alive. 3 has group instance ids
 * (KIP-345). Versions 0 to 4, flexible from 4.
 */

export const heartbeatRequest = message({
  apiKey: 12,
  name: "HeartbeatRequest",
  validVersions: "0-4",
  flexibleVersions: "4+",
  fields: {
    groupId: f.string(),
    generationId: f.int32(),
    memberId: f.string(),
    groupInstanceId: f.string({ versions: "3+", nullable: "3+", default: null }),
  },
});

export interface HeartbeatRequest extends Infer<typeof heartbeatRequest> {}

export const heartbeatResponse = message({
  apiKey: 12,
  name: "HeartbeatResponse",
  validVersions: "0-4",
  flexibleVersions: "4+",
  fields: { throttleTimeMs: f.int32({ versions: "1+" }), errorCode: f.int16() },
});

export interface HeartbeatResponse extends Infer<typeof heartbeatResponse> {}
