import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * DeleteAcls (key 31): deletes ACLs by filters. Versions 1 to 3, flexible from 2.
 */

export const deleteAclsRequest = message({
  apiKey: 31,
  name: "DeleteAclsRequest",
  validVersions: "1-3",
  flexibleVersions: "2+",
  fields: {
    filters: f.array({
      fields: {
        resourceTypeFilter: f.int8(),
        resourceNameFilter: f.string({ nullable: "0+" }),
        patternTypeFilter: f.int8({ versions: "1+", default: 3 }),
        principalFilter: f.string({ nullable: "0+" }),
        hostFilter: f.string({ nullable: "0+" }),
        operation: f.int8(),
        permissionType: f.int8(),
      },
    }),
  },
});

export interface DeleteAclsRequest extends Infer<typeof deleteAclsRequest> {}

export const deleteAclsResponse = message({
  apiKey: 31,
  name: "DeleteAclsResponse",
  validVersions: "1-3",
  flexibleVersions: "2+",
  fields: {
    throttleTimeMs: f.int32(),
    filterResults: f.array({
      fields: {
        errorCode: f.int16(),
        errorMessage: f.string({ nullable: "0+" }),
        matchingAcls: f.array({
          fields: {
            errorCode: f.int16(),
            errorMessage: f.string({ nullable: "0+" }),
            resourceType: f.int8(),
            resourceName: f.string(),
            patternType: f.int8({ versions: "1+", default: 3 }),
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

export interface DeleteAclsResponse extends Infer<typeof deleteAclsResponse> {}
