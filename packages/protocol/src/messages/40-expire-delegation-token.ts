import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * ExpireDelegationToken (key 40): ends a delegation token or changes when it expires (KIP-48).
 * Versions 1 to 2, flexible from 2.
 */

export const expireDelegationTokenRequest = message({
  apiKey: 40,
  name: "ExpireDelegationTokenRequest",
  validVersions: "1-2",
  flexibleVersions: "2+",
  fields: { hmac: f.bytes(), expiryTimePeriodMs: f.int64() },
});

export interface ExpireDelegationTokenRequest extends Infer<typeof expireDelegationTokenRequest> {}

export const expireDelegationTokenResponse = message({
  apiKey: 40,
  name: "ExpireDelegationTokenResponse",
  validVersions: "1-2",
  flexibleVersions: "2+",
  fields: { errorCode: f.int16(), expiryTimestampMs: f.int64(), throttleTimeMs: f.int32() },
});

export interface ExpireDelegationTokenResponse extends Infer<
  typeof expireDelegationTokenResponse
> {}
