import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * IncrementalAlterConfigs (key 44): sets, deletes, appends to or subtracts from single
 * configuration values (KIP-339). Versions 0 to 1, flexible from 1.
 */

export const incrementalAlterConfigsRequest = message({
  apiKey: 44,
  name: "IncrementalAlterConfigsRequest",
  validVersions: "0-1",
  flexibleVersions: "1+",
  fields: {
    resources: f.array({
      fields: {
        resourceType: f.int8(),
        resourceName: f.string(),
        configs: f.array({
          fields: {
            name: f.string(),
            configOperation: f.int8(),
            value: f.string({ nullable: "0+" }),
          },
        }),
      },
    }),
    validateOnly: f.bool(),
  },
});

export interface IncrementalAlterConfigsRequest extends Infer<
  typeof incrementalAlterConfigsRequest
> {}

export const incrementalAlterConfigsResponse = message({
  apiKey: 44,
  name: "IncrementalAlterConfigsResponse",
  validVersions: "0-1",
  flexibleVersions: "1+",
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

export interface IncrementalAlterConfigsResponse extends Infer<
  typeof incrementalAlterConfigsResponse
> {}
