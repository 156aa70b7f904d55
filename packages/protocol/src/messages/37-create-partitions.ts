import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * CreatePartitions (key 37): adds partitions to topics (KIP-195). Versions 0 to 3, flexible from
 * 2.
 */

export const createPartitionsRequest = message({
  apiKey: 37,
  name: "CreatePartitionsRequest",
  validVersions: "0-3",
  flexibleVersions: "2+",
  fields: {
    topics: f.array({
      fields: {
        name: f.string(),
        count: f.int32(),
        assignments: f.array({ nullable: "0+", fields: { brokerIds: f.array({ of: f.int32() }) } }),
      },
    }),
    timeoutMs: f.int32(),
    validateOnly: f.bool(),
  },
});

export interface CreatePartitionsRequest extends Infer<typeof createPartitionsRequest> {}

export const createPartitionsResponse = message({
  apiKey: 37,
  name: "CreatePartitionsResponse",
  validVersions: "0-3",
  flexibleVersions: "2+",
  fields: {
    throttleTimeMs: f.int32(),
    results: f.array({
      fields: {
        name: f.string(),
        errorCode: f.int16(),
        errorMessage: f.string({ nullable: "0+", default: null }),
      },
    }),
  },
});

export interface CreatePartitionsResponse extends Infer<typeof createPartitionsResponse> {}
