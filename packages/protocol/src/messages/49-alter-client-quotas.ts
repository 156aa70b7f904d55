import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * AlterClientQuotas (key 49): changes client quotas (KIP-546). Versions 0 to 1, flexible from 1.
 */

export const alterClientQuotasRequest = message({
  apiKey: 49,
  name: "AlterClientQuotasRequest",
  validVersions: "0-1",
  flexibleVersions: "1+",
  fields: {
    entries: f.array({
      fields: {
        entity: f.array({
          fields: { entityType: f.string(), entityName: f.string({ nullable: "0+" }) },
        }),
        ops: f.array({ fields: { key: f.string(), value: f.float64(), remove: f.bool() } }),
      },
    }),
    validateOnly: f.bool(),
  },
});

export interface AlterClientQuotasRequest extends Infer<typeof alterClientQuotasRequest> {}

export const alterClientQuotasResponse = message({
  apiKey: 49,
  name: "AlterClientQuotasResponse",
  validVersions: "0-1",
  flexibleVersions: "1+",
  fields: {
    throttleTimeMs: f.int32(),
    entries: f.array({
      fields: {
        errorCode: f.int16(),
        errorMessage: f.string({ nullable: "0+" }),
        entity: f.array({
          fields: { entityType: f.string(), entityName: f.string({ nullable: "0+" }) },
        }),
      },
    }),
  },
});

export interface AlterClientQuotasResponse extends Infer<typeof alterClientQuotasResponse> {}
