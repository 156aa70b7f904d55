import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * CreateTopics (key 19): creates topics. 4 takes the broker's default for partitions and replicas
 * (KIP-464), 5 answers with the configuration (KIP-525), 7 with the topic id (KIP-516). Versions
 * 2 to 7, flexible from 5.
 */

export const createTopicsRequest = message({
  apiKey: 19,
  name: "CreateTopicsRequest",
  validVersions: "2-7",
  flexibleVersions: "5+",
  fields: {
    topics: f.array({
      fields: {
        name: f.string(),
        numPartitions: f.int32(),
        replicationFactor: f.int16(),
        assignments: f.array({
          fields: { partitionIndex: f.int32(), brokerIds: f.array({ of: f.int32() }) },
        }),
        configs: f.array({ fields: { name: f.string(), value: f.string({ nullable: "0+" }) } }),
      },
    }),
    timeoutMs: f.int32({ default: 60000 }),
    validateOnly: f.bool({ versions: "1+" }),
  },
});

export interface CreateTopicsRequest extends Infer<typeof createTopicsRequest> {}

export const createTopicsResponse = message({
  apiKey: 19,
  name: "CreateTopicsResponse",
  validVersions: "2-7",
  flexibleVersions: "5+",
  fields: {
    throttleTimeMs: f.int32({ versions: "2+" }),
    topics: f.array({
      fields: {
        name: f.string(),
        topicId: f.uuid({ versions: "7+" }),
        errorCode: f.int16(),
        errorMessage: f.string({ versions: "1+", nullable: "0+" }),
        topicConfigErrorCode: f.int16({ versions: "5+", tagged: "5+", tag: 0 }),
        numPartitions: f.int32({ versions: "5+", default: -1 }),
        replicationFactor: f.int16({ versions: "5+", default: -1 }),
        configs: f.array({
          versions: "5+",
          nullable: "5+",
          fields: {
            name: f.string({ versions: "5+" }),
            value: f.string({ versions: "5+", nullable: "5+" }),
            readOnly: f.bool({ versions: "5+" }),
            configSource: f.int8({ versions: "5+", default: -1 }),
            isSensitive: f.bool({ versions: "5+" }),
          },
        }),
      },
    }),
  },
});

export interface CreateTopicsResponse extends Infer<typeof createTopicsResponse> {}
