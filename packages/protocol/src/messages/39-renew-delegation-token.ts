import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * RenewDelegationToken (key 39): renews a delegation token (KIP-48). Versions 1 to 2, flexible
 * from 2.
 */

export const renewDelegationTokenRequest = message({
  apiKey: 39,
  name: "RenewDelegationTokenRequest",
  validVersions: "1-2",
  flexibleVersions: "2+",
  fields: { hmac: f.bytes(), renewPeriodMs: f.int64() },
});

export interface RenewDelegationTokenRequest extends Infer<typeof renewDelegationTokenRequest> {}

export const renewDelegationTokenResponse = message({
  apiKey: 39,
  name: "RenewDelegationTokenResponse",
  validVersions: "1-2",
  flexibleVersions: "2+",
  fields: { errorCode: f.int16(), expiryTimestampMs: f.int64(), throttleTimeMs: f.int32() },
});

export interface RenewDelegationTokenResponse extends Infer<typeof renewDelegationTokenResponse> {}
