import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * DescribeAcls (key 29): lists ACLs by a filter. Prefixed patterns exist in all versions that are
 * left (KIP-290). Versions 1 to 3, flexible from 2.
 */

export const describeAclsRequest = message({
  apiKey: 29,
  name: "DescribeAclsRequest",
  validVersions: "1-3",
  flexibleVersions: "2+",
  fields: {
    resourceTypeFilter: f.int8(),
    resourceNameFilter: f.string({ nullable: "0+" }),
    patternTypeFilter: f.int8({ versions: "1+", default: 3 }),
    principalFilter: f.string({ nullable: "0+" }),
    hostFilter: f.string({ nullable: "0+" }),
    operation: f.int8(),
    permissionType: f.int8(),
  },
});

export interface DescribeAclsRequest extends Infer<typeof describeAclsRequest> {}

export const describeAclsResponse = message({
  apiKey: 29,
  name: "DescribeAclsResponse",
  validVersions: "1-3",
  flexibleVersions: "2+",
  fields: {
    throttleTimeMs: f.int32(),
    errorCode: f.int16(),
    errorMessage: f.string({ nullable: "0+" }),
    resources: f.array({
      fields: {
        resourceType: f.int8(),
        resourceName: f.string(),
        patternType: f.int8({ versions: "1+", default: 3 }),
        acls: f.array({
          fields: {
            principal: f.string(),
            host: f.string(),
            operation: f.int8(),
            permissionType: f.int8(),
          },
        }),
      },
    }),
  },
});

export interface DescribeAclsResponse extends Infer<typeof describeAclsResponse> {}
