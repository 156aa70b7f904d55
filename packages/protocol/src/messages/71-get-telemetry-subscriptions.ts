import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * GetTelemetrySubscriptions (key 71): asks which metrics the broker wants from the client
 * (KIP-714). Version 0, flexible from 0.
 */

export const getTelemetrySubscriptionsRequest = message({
  apiKey: 71,
  name: "GetTelemetrySubscriptionsRequest",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: { clientInstanceId: f.uuid() },
});

export interface GetTelemetrySubscriptionsRequest extends Infer<
  typeof getTelemetrySubscriptionsRequest
> {}

export const getTelemetrySubscriptionsResponse = message({
  apiKey: 71,
  name: "GetTelemetrySubscriptionsResponse",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: {
    throttleTimeMs: f.int32(),
    errorCode: f.int16(),
    clientInstanceId: f.uuid(),
    subscriptionId: f.int32(),
    acceptedCompressionTypes: f.array({ of: f.int8() }),
    pushIntervalMs: f.int32(),
    telemetryMaxBytes: f.int32(),
    deltaTemporality: f.bool(),
    requestedMetrics: f.array({ of: f.string() }),
  },
});

export interface GetTelemetrySubscriptionsResponse extends Infer<
  typeof getTelemetrySubscriptionsResponse
> {}
