import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * UnregisterBroker (key 64): removes a broker from the metadata (KIP-500). Version 0, flexible
 * from 0.
 */

export const unregisterBrokerRequest = message({
  apiKey: 64,
  name: "UnregisterBrokerRequest",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: { brokerId: f.int32() },
});

export interface UnregisterBrokerRequest extends Infer<typeof unregisterBrokerRequest> {}

export const unregisterBrokerResponse = message({
  apiKey: 64,
  name: "UnregisterBrokerResponse",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: {
    throttleTimeMs: f.int32(),
    errorCode: f.int16(),
    errorMessage: f.string({ nullable: "0+" }),
  },
});

export interface UnregisterBrokerResponse extends Infer<typeof unregisterBrokerResponse> {}
