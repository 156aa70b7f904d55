import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * DescribeDelegationToken (key 41): lists delegation tokens (KIP-48). Versions 1 to 3, flexible
 * from 2.
 */

export const describeDelegationTokenRequest = message({
  apiKey: 41,
  name: "DescribeDelegationTokenRequest",
  validVersions: "1-3",
  flexibleVersions: "2+",
  fields: {
    owners: f.array({
      nullable: "0+",
      fields: { principalType: f.string(), principalName: f.string() },
    }),
  },
});

export interface DescribeDelegationTokenRequest extends Infer<
  typeof describeDelegationTokenRequest
> {}

export const describeDelegationTokenResponse = message({
  apiKey: 41,
  name: "DescribeDelegationTokenResponse",
  validVersions: "1-3",
  flexibleVersions: "2+",
  fields: {
    errorCode: f.int16(),
    tokens: f.array({
      fields: {
        principalType: f.string(),
        principalName: f.string(),
        tokenRequesterPrincipalType: f.string({ versions: "3+" }),
        tokenRequesterPrincipalName: f.string({ versions: "3+" }),
        issueTimestamp: f.int64(),
        expiryTimestamp: f.int64(),
        maxTimestamp: f.int64(),
        tokenId: f.string(),
        hmac: f.bytes(),
        renewers: f.array({ fields: { principalType: f.string(), principalName: f.string() } }),
      },
    }),
    throttleTimeMs: f.int32(),
  },
});

export interface DescribeDelegationTokenResponse extends Infer<
  typeof describeDelegationTokenResponse
> {}
