import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * ListConfigResources (key 74): lists resources that have a configuration; version 0 client
 * metrics only (KIP-714), 1 any type (KIP-1142). Versions 0 to 1, flexible from 0.
 */

export const listConfigResourcesRequest = message({
  apiKey: 74,
  name: "ListConfigResourcesRequest",
  validVersions: "0-1",
  flexibleVersions: "0+",
  fields: { resourceTypes: f.array({ versions: "1+", of: f.int8() }) },
});

export interface ListConfigResourcesRequest extends Infer<typeof listConfigResourcesRequest> {}

export const listConfigResourcesResponse = message({
  apiKey: 74,
  name: "ListConfigResourcesResponse",
  validVersions: "0-1",
  flexibleVersions: "0+",
  fields: {
    throttleTimeMs: f.int32(),
    errorCode: f.int16(),
    configResources: f.array({
      fields: { resourceName: f.string(), resourceType: f.int8({ versions: "1+", default: 16 }) },
    }),
  },
});

export interface ListConfigResourcesResponse extends Infer<typeof listConfigResourcesResponse> {}
