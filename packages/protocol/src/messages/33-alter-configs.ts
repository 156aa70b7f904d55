import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * AlterConfigs (key 33): replaces the whole dynamic configuration of a resource;
 * IncrementalAlterConfigs is the safer one. Versions 0 to 2, flexible from 2.
 */

export const alterConfigsRequest = message({
  apiKey: 33,
  name: "AlterConfigsRequest",
  validVersions: "0-2",
  flexibleVersions: "2+",
  fields: {
    resources: f.array({
      fields: {
        resourceType: f.int8(),
        resourceName: f.string(),
        configs: f.array({ fields: { name: f.string(), value: f.string({ nullable: "0+" }) } }),
      },
    }),
    validateOnly: f.bool(),
  },
});

export interface AlterConfigsRequest extends Infer<typeof alterConfigsRequest> {}

export const alterConfigsResponse = message({
  apiKey: 33,
  name: "AlterConfigsResponse",
  validVersions: "0-2",
  flexibleVersions: "2+",
  fields: {
    throttleTimeMs: f.int32(),
    responses: f.array({
      fields: {
        errorCode: f.int16(),
        errorMessage: f.string({ nullable: "0+" }),
        resourceType: f.int8(),
        resourceName: f.string(),
      },
    }),
  },
});

export interface AlterConfigsResponse extends Infer<typeof alterConfigsResponse> {}
