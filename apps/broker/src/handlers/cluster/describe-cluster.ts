/*
 * DescribeCluster (API 60), versions 0 to 2: brokers, controller and cluster id (KIP-700). Version 1
 * says which kind of endpoint is meant (KIP-919), version 2 shows fenced brokers (KIP-1073).
 */
import { Api, ErrorCode } from "@ottla/protocol";
import { defineHandler } from "../../request/handler.ts";
import { ALL_CLUSTER_OPERATIONS, OPERATIONS_NOT_ASKED } from "../metadata/authorized-operations.ts";
import { brokerNodes } from "../metadata/broker-nodes.ts";

const EndpointType = { BROKER: 1, CONTROLLER: 2 } as const;

export const describeCluster = defineHandler({
  api: Api.DescribeCluster,
  minVersion: 0,
  maxVersion: 2,
  handle(context, request) {
    const { endpointType } = request;
    if (endpointType === EndpointType.CONTROLLER) {
      const errorMessage = "this is an endpoint of a broker, the request asks for a controller's";
      return { errorCode: ErrorCode.MISMATCHED_ENDPOINT_TYPE, errorMessage };
    }
    if (endpointType !== EndpointType.BROKER) {
      const errorMessage = `endpoint type ${endpointType} is not known`;
      return { errorCode: ErrorCode.UNSUPPORTED_ENDPOINT_TYPE, errorMessage };
    }
    const { image } = context.services.controller;
    return {
      endpointType,
      clusterId: image.clusterId,
      controllerId: image.controllerId,
      brokers: brokerNodes(context, { includeFenced: request.includeFencedBrokers }),
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
        ? ALL_CLUSTER_OPERATIONS
        : OPERATIONS_NOT_ASKED,
    };
  },
});
