import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * CreateDelegationToken (key 38): creates a delegation token (KIP-48). 3 names an owner other
 * than the requester (KIP-373). Versions 1 to 3, flexible from 2.
 */

export const createDelegationTokenRequest = message({
  apiKey: 38,
  name: "CreateDelegationTokenRequest",
  validVersions: "1-3",
  flexibleVersions: "2+",
  fields: {
    ownerPrincipalType: f.string({ versions: "3+", nullable: "3+" }),
    ownerPrincipalName: f.string({ versions: "3+", nullable: "3+" }),
    renewers: f.array({ fields: { principalType: f.string(), principalName: f.string() } }),
    maxLifetimeMs: f.int64(),
  },
});

export interface CreateDelegationTokenRequest extends Infer<typeof createDelegationTokenRequest> {}

export const createDelegationTokenResponse = message({
  apiKey: 38,
  name: "CreateDelegationTokenResponse",
  validVersions: "1-3",
  flexibleVersions: "2+",
  fields: {
    errorCode: f.int16(),
    principalType: f.string(),
    principalName: f.string(),
    tokenRequesterPrincipalType: f.string({ versions: "3+" }),
    tokenRequesterPrincipalName: f.string({ versions: "3+" }),
    issueTimestampMs: f.int64(),
    expiryTimestampMs: f.int64(),
    maxTimestampMs: f.int64(),
    tokenId: f.string(),
    hmac: f.bytes(),
    throttleTimeMs: f.int32(),
  },
});

export interface CreateDelegationTokenResponse extends Infer<
  typeof createDelegationTokenResponse
> {}
