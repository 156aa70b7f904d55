import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * AlterReplicaLogDirs (key 34): moves replicas between the log directories of one broker
 * (KIP-113). Versions 1 to 2, flexible from 2.
 */

export const alterReplicaLogDirsRequest = message({
  apiKey: 34,
  name: "AlterReplicaLogDirsRequest",
  validVersions: "1-2",
  flexibleVersions: "2+",
  fields: {
    dirs: f.array({
      fields: {
        path: f.string(),
        topics: f.array({ fields: { name: f.string(), partitions: f.array({ of: f.int32() }) } }),
      },
    }),
  },
});

export interface AlterReplicaLogDirsRequest extends Infer<typeof alterReplicaLogDirsRequest> {}

export const alterReplicaLogDirsResponse = message({
  apiKey: 34,
  name: "AlterReplicaLogDirsResponse",
  validVersions: "1-2",
  flexibleVersions: "2+",
  fields: {
    throttleTimeMs: f.int32(),
    results: f.array({
      fields: {
        topicName: f.string(),
        partitions: f.array({ fields: { partitionIndex: f.int32(), errorCode: f.int16() } }),
      },
    }),
  },
});

export interface AlterReplicaLogDirsResponse extends Infer<typeof alterReplicaLogDirsResponse> {}
