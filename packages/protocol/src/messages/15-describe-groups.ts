import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * DescribeGroups (key 15): describes classic groups. 3 tells the allowed operations (KIP-430), 4
 * the group instance ids (KIP-345), 6 says GROUP_ID_NOT_FOUND (KIP-1043). Versions 0 to 6,
 * flexible from 5.
 */

export const describeGroupsRequest = message({
  apiKey: 15,
  name: "DescribeGroupsRequest",
  validVersions: "0-6",
  flexibleVersions: "5+",
  fields: {
    groups: f.array({ of: f.string() }),
    includeAuthorizedOperations: f.bool({ versions: "3+" }),
  },
});

export interface DescribeGroupsRequest extends Infer<typeof describeGroupsRequest> {}

export const describeGroupsResponse = message({
  apiKey: 15,
  name: "DescribeGroupsResponse",
  validVersions: "0-6",
  flexibleVersions: "5+",
  fields: {
    throttleTimeMs: f.int32({ versions: "1+" }),
    groups: f.array({
      fields: {
        errorCode: f.int16(),
        errorMessage: f.string({ versions: "6+", nullable: "6+", default: null }),
        groupId: f.string(),
        groupState: f.string(),
        protocolType: f.string(),
        protocolData: f.string(),
        members: f.array({
          fields: {
            memberId: f.string(),
            groupInstanceId: f.string({ versions: "4+", nullable: "4+", default: null }),
            clientId: f.string(),
            clientHost: f.string(),
            memberMetadata: f.bytes(),
            memberAssignment: f.bytes(),
          },
        }),
        authorizedOperations: f.int32({ versions: "3+", default: -2_147_483_648 }),
      },
    }),
  },
});

export interface DescribeGroupsResponse extends Infer<typeof describeGroupsResponse> {}
