import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * ListGroups (key 16): lists groups. 4 filters by state (KIP-518), 5 by type (KIP-848). Versions
 * 0 to 5, flexible from 3.
 */

export const listGroupsRequest = message({
  apiKey: 16,
  name: "ListGroupsRequest",
  validVersions: "0-5",
  flexibleVersions: "3+",
  fields: {
    statesFilter: f.array({ versions: "4+", of: f.string() }),
    typesFilter: f.array({ versions: "5+", of: f.string() }),
  },
});

export interface ListGroupsRequest extends Infer<typeof listGroupsRequest> {}

export const listGroupsResponse = message({
  apiKey: 16,
  name: "ListGroupsResponse",
  validVersions: "0-5",
  flexibleVersions: "3+",
  fields: {
    throttleTimeMs: f.int32({ versions: "1+" }),
    errorCode: f.int16(),
    groups: f.array({
      fields: {
        groupId: f.string(),
        protocolType: f.string(),
        groupState: f.string({ versions: "4+" }),
        groupType: f.string({ versions: "5+" }),
      },
    }),
  },
});

export interface ListGroupsResponse extends Infer<typeof listGroupsResponse> {}
