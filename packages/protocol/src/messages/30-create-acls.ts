import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * CreateAcls (key 30): creates ACLs. Versions 1 to 3, flexible from 2.
 */

export const createAclsRequest = message({
  apiKey: 30,
  name: "CreateAclsRequest",
  validVersions: "1-3",
  flexibleVersions: "2+",
  fields: {
    creations: f.array({
      fields: {
        resourceType: f.int8(),
        resourceName: f.string(),
        resourcePatternType: f.int8({ versions: "1+", default: 3 }),
        principal: f.string(),
        host: f.string(),
        operation: f.int8(),
        permissionType: f.int8(),
      },
    }),
  },
});

export interface CreateAclsRequest extends Infer<typeof createAclsRequest> {}

export const createAclsResponse = message({
  apiKey: 30,
  name: "CreateAclsResponse",
  validVersions: "1-3",
  flexibleVersions: "2+",
  fields: {
    throttleTimeMs: f.int32(),
    results: f.array({
      fields: { errorCode: f.int16(), errorMessage: f.string({ nullable: "0+" }) },
    }),
  },
});

export interface CreateAclsResponse extends Infer<typeof createAclsResponse> {}
