import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * ApiVersions (key 18): tells which APIs and versions a broker serves. Its responses never have
 * tagged fields in the header, and a request of an unknown version is answered in version 0
 * (KIP-511). 3 names the client's software and the features (KIP-584), 4 allows features whose
 * least version is 0. Versions 0 to 4, flexible from 3.
 */

export const apiVersionsRequest = message({
  apiKey: 18,
  name: "ApiVersionsRequest",
  validVersions: "0-4",
  flexibleVersions: "3+",
  fields: {
    clientSoftwareName: f.string({ versions: "3+" }),
    clientSoftwareVersion: f.string({ versions: "3+" }),
  },
});

export interface ApiVersionsRequest extends Infer<typeof apiVersionsRequest> {}

export const apiVersionsResponse = message({
  apiKey: 18,
  name: "ApiVersionsResponse",
  validVersions: "0-4",
  flexibleVersions: "3+",
  fields: {
    errorCode: f.int16(),
    apiKeys: f.array({
      fields: { apiKey: f.int16(), minVersion: f.int16(), maxVersion: f.int16() },
    }),
    throttleTimeMs: f.int32({ versions: "1+" }),
    supportedFeatures: f.array({
      versions: "3+",
      tagged: "3+",
      tag: 0,
      fields: {
        name: f.string({ versions: "3+" }),
        minVersion: f.int16({ versions: "3+" }),
        maxVersion: f.int16({ versions: "3+" }),
      },
    }),
    finalizedFeaturesEpoch: f.int64({ versions: "3+", tagged: "3+", tag: 1, default: -1n }),
    finalizedFeatures: f.array({
      versions: "3+",
      tagged: "3+",
      tag: 2,
      fields: {
        name: f.string({ versions: "3+" }),
        maxVersionLevel: f.int16({ versions: "3+" }),
        minVersionLevel: f.int16({ versions: "3+" }),
      },
    }),
    zkMigrationReady: f.bool({ versions: "3+", tagged: "3+", tag: 3 }),
  },
});

export interface ApiVersionsResponse extends Infer<typeof apiVersionsResponse> {}
