import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * AlterPartitionReassignments (key 45): moves partitions to other brokers, or cancels that
 * (KIP-455). 1 can forbid a change of the replication factor. Versions 0 to 1, flexible from 0.
 */

export const alterPartitionReassignmentsRequest = message({
  apiKey: 45,
  name: "AlterPartitionReassignmentsRequest",
  validVersions: "0-1",
  flexibleVersions: "0+",
  fields: {
    timeoutMs: f.int32({ default: 60000 }),
    allowReplicationFactorChange: f.bool({ versions: "1+", default: true }),
    topics: f.array({
      fields: {
        name: f.string(),
        partitions: f.array({
          fields: {
            partitionIndex: f.int32(),
            replicas: f.array({ nullable: "0+", default: null, of: f.int32() }),
          },
        }),
      },
    }),
  },
});

export interface AlterPartitionReassignmentsRequest extends Infer<
  typeof alterPartitionReassignmentsRequest
> {}

export const alterPartitionReassignmentsResponse = message({
  apiKey: 45,
  name: "AlterPartitionReassignmentsResponse",
  validVersions: "0-1",
  flexibleVersions: "0+",
  fields: {
    throttleTimeMs: f.int32(),
    allowReplicationFactorChange: f.bool({ versions: "1+", default: true }),
    errorCode: f.int16(),
    errorMessage: f.string({ nullable: "0+" }),
    responses: f.array({
      fields: {
        name: f.string(),
        partitions: f.array({
          fields: {
            partitionIndex: f.int32(),
            errorCode: f.int16(),
            errorMessage: f.string({ nullable: "0+" }),
          },
        }),
      },
    }),
  },
});

export interface AlterPartitionReassignmentsResponse extends Infer<
  typeof alterPartitionReassignmentsResponse
> {}
