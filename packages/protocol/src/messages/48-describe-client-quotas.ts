import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * DescribeClientQuotas (key 48): lists client quotas (KIP-546). Versions 0 to 1, flexible from 1.
 */

export const describeClientQuotasRequest = message({
  apiKey: 48,
  name: "DescribeClientQuotasRequest",
  validVersions: "0-1",
  flexibleVersions: "1+",
  fields: {
    components: f.array({
      fields: { entityType: f.string(), matchType: f.int8(), match: f.string({ nullable: "0+" }) },
    }),
    strict: f.bool(),
  },
});

export interface DescribeClientQuotasRequest extends Infer<typeof describeClientQuotasRequest> {}

export const describeClientQuotasResponse = message({
  apiKey: 48,
  name: "DescribeClientQuotasResponse",
  validVersions: "0-1",
  flexibleVersions: "1+",
  fields: {
    throttleTimeMs: f.int32(),
    errorCode: f.int16(),
    errorMessage: f.string({ nullable: "0+" }),
    entries: f.array({
      nullable: "0+",
      fields: {
        entity: f.array({
          fields: { entityType: f.string(), entityName: f.string({ nullable: "0+" }) },
        }),
        values: f.array({ fields: { key: f.string(), value: f.float64() } }),
      },
    }),
  },
});

export interface DescribeClientQuotasResponse extends Infer<typeof describeClientQuotasResponse> {}
