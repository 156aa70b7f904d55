import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * DeleteTopics (key 20): deletes topics. 5 explains errors (KIP-599), 6 may name topics by id
 * (KIP-516). Versions 1 to 6, flexible from 4.
 */

export const deleteTopicsRequest = message({
  apiKey: 20,
  name: "DeleteTopicsRequest",
  validVersions: "1-6",
  flexibleVersions: "4+",
  fields: {
    topics: f.array({
      versions: "6+",
      fields: {
        name: f.string({ versions: "6+", nullable: "6+", default: null }),
        topicId: f.uuid({ versions: "6+" }),
      },
    }),
    topicNames: f.array({ versions: "0-5", of: f.string() }),
    timeoutMs: f.int32(),
  },
});

export interface DeleteTopicsRequest extends Infer<typeof deleteTopicsRequest> {}

export const deleteTopicsResponse = message({
  apiKey: 20,
  name: "DeleteTopicsResponse",
  validVersions: "1-6",
  flexibleVersions: "4+",
  fields: {
    throttleTimeMs: f.int32({ versions: "1+" }),
    responses: f.array({
      fields: {
        name: f.string({ nullable: "6+" }),
        topicId: f.uuid({ versions: "6+" }),
        errorCode: f.int16(),
        errorMessage: f.string({ versions: "5+", nullable: "5+", default: null }),
      },
    }),
  },
});

export interface DeleteTopicsResponse extends Infer<typeof deleteTopicsResponse> {}
