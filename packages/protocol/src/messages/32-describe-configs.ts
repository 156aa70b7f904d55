import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * DescribeConfigs (key 32): describes the configuration of topics, brokers and others. 1 lists
 * synonyms (KIP-226), 3 types and documentation (KIP-569). Versions 1 to 4, flexible from 4.
 */

export const describeConfigsRequest = message({
  apiKey: 32,
  name: "DescribeConfigsRequest",
  validVersions: "1-4",
  flexibleVersions: "4+",
  fields: {
    resources: f.array({
      fields: {
        resourceType: f.int8(),
        resourceName: f.string(),
        configurationKeys: f.array({ nullable: "0+", of: f.string() }),
      },
    }),
    includeSynonyms: f.bool({ versions: "1+" }),
    includeDocumentation: f.bool({ versions: "3+" }),
  },
});

export interface DescribeConfigsRequest extends Infer<typeof describeConfigsRequest> {}

export const describeConfigsResponse = message({
  apiKey: 32,
  name: "DescribeConfigsResponse",
  validVersions: "1-4",
  flexibleVersions: "4+",
  fields: {
    throttleTimeMs: f.int32(),
    results: f.array({
      fields: {
        errorCode: f.int16(),
        errorMessage: f.string({ nullable: "0+" }),
        resourceType: f.int8(),
        resourceName: f.string(),
        configs: f.array({
          fields: {
            name: f.string(),
            value: f.string({ nullable: "0+" }),
            readOnly: f.bool(),
            configSource: f.int8({ versions: "1+", default: -1 }),
            isSensitive: f.bool(),
            synonyms: f.array({
              versions: "1+",
              fields: {
                name: f.string({ versions: "1+" }),
                value: f.string({ versions: "1+", nullable: "0+" }),
                source: f.int8({ versions: "1+" }),
              },
            }),
            configType: f.int8({ versions: "3+" }),
            documentation: f.string({ versions: "3+", nullable: "0+" }),
          },
        }),
      },
    }),
  },
});

export interface DescribeConfigsResponse extends Infer<typeof describeConfigsResponse> {}
