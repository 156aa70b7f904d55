import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * DeleteGroups (key 42): deletes groups without members (KIP-229). Versions 0 to 2, flexible from
 * 2.
 */

export const deleteGroupsRequest = message({
  apiKey: 42,
  name: "DeleteGroupsRequest",
  validVersions: "0-2",
  flexibleVersions: "2+",
  fields: { groupsNames: f.array({ of: f.string() }) },
});

export interface DeleteGroupsRequest extends Infer<typeof deleteGroupsRequest> {}

export const deleteGroupsResponse = message({
  apiKey: 42,
  name: "DeleteGroupsResponse",
  validVersions: "0-2",
  flexibleVersions: "2+",
  fields: {
    throttleTimeMs: f.int32(),
    results: f.array({ fields: { groupId: f.string(), errorCode: f.int16() } }),
  },
});

export interface DeleteGroupsResponse extends Infer<typeof deleteGroupsResponse> {}
