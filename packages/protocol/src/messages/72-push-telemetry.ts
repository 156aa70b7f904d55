import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * PushTelemetry (key 72): sends the metrics of a client (KIP-714). Version 0, flexible from 0.
 */

export const pushTelemetryRequest = message({
  apiKey: 72,
  name: "PushTelemetryRequest",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: {
    clientInstanceId: f.uuid(),
    subscriptionId: f.int32(),
    terminating: f.bool(),
    compressionType: f.int8(),
    metrics: f.bytes(),
  },
});

export interface PushTelemetryRequest extends Infer<typeof pushTelemetryRequest> {}

export const pushTelemetryResponse = message({
  apiKey: 72,
  name: "PushTelemetryResponse",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: { throttleTimeMs: f.int32(), errorCode: f.int16() },
});

export interface PushTelemetryResponse extends Infer<typeof pushTelemetryResponse> {}
