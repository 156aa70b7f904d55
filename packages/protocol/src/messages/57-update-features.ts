import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * UpdateFeatures (key 57): changes the finalized features of a cluster (KIP-584). 1 can downgrade
 * and validate only (KIP-778). Versions 0 to 2, flexible from 0.
 */

export const updateFeaturesRequest = message({
  apiKey: 57,
  name: "UpdateFeaturesRequest",
  validVersions: "0-2",
  flexibleVersions: "0+",
  fields: {
    timeoutMs: f.int32({ default: 60000 }),
    featureUpdates: f.array({
      fields: {
        feature: f.string(),
        maxVersionLevel: f.int16(),
        allowDowngrade: f.bool({ versions: "0" }),
        upgradeType: f.int8({ versions: "1+", default: 1 }),
      },
    }),
    validateOnly: f.bool({ versions: "1+" }),
  },
});

export interface UpdateFeaturesRequest extends Infer<typeof updateFeaturesRequest> {}

export const updateFeaturesResponse = message({
  apiKey: 57,
  name: "UpdateFeaturesResponse",
  validVersions: "0-2",
  flexibleVersions: "0+",
  fields: {
    throttleTimeMs: f.int32(),
    errorCode: f.int16(),
    errorMessage: f.string({ nullable: "0+" }),
    results: f.array({
      versions: "0-1",
      fields: {
        feature: f.string(),
        errorCode: f.int16(),
        errorMessage: f.string({ nullable: "0+" }),
      },
    }),
  },
});

export interface UpdateFeaturesResponse extends Infer<typeof updateFeaturesResponse> {}
