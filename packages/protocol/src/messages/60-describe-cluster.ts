import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * DescribeCluster (key 60): the brokers (or controllers) of a cluster (KIP-700). 1 chooses the
 * kind of endpoint (KIP-919), 2 includes fenced brokers (KIP-1073). Versions 0 to 2, flexible
 * from 0.
 */

export const describeClusterRequest = message({
  apiKey: 60,
  name: "DescribeClusterRequest",
  validVersions: "0-2",
  flexibleVersions: "0+",
  fields: {
    includeClusterAuthorizedOperations: f.bool(),
    endpointType: f.int8({ versions: "1+", default: 1 }),
    includeFencedBrokers: f.bool({ versions: "2+" }),
  },
});

export interface DescribeClusterRequest extends Infer<typeof describeClusterRequest> {}

export const describeClusterResponse = message({
  apiKey: 60,
  name: "DescribeClusterResponse",
  validVersions: "0-2",
  flexibleVersions: "0+",
  fields: {
    throttleTimeMs: f.int32(),
    errorCode: f.int16(),
    errorMessage: f.string({ nullable: "0+", default: null }),
    endpointType: f.int8({ versions: "1+", default: 1 }),
    clusterId: f.string(),
    controllerId: f.int32({ default: -1 }),
    brokers: f.array({
      fields: {
        brokerId: f.int32(),
        host: f.string(),
        port: f.int32(),
        rack: f.string({ nullable: "0+", default: null }),
        isFenced: f.bool({ versions: "2+" }),
      },
    }),
    clusterAuthorizedOperations: f.int32({ default: -2_147_483_648 }),
  },
});

export interface DescribeClusterResponse extends Infer<typeof describeClusterResponse> {}
