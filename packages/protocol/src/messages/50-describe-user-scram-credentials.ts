import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * DescribeUserScramCredentials (key 50): lists SCRAM users, without their secrets (KIP-554).
 * Version 0, flexible from 0.
 */

export const describeUserScramCredentialsRequest = message({
  apiKey: 50,
  name: "DescribeUserScramCredentialsRequest",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: { users: f.array({ nullable: "0+", fields: { name: f.string() } }) },
});

export interface DescribeUserScramCredentialsRequest extends Infer<
  typeof describeUserScramCredentialsRequest
> {}

export const describeUserScramCredentialsResponse = message({
  apiKey: 50,
  name: "DescribeUserScramCredentialsResponse",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: {
    throttleTimeMs: f.int32(),
    errorCode: f.int16(),
    errorMessage: f.string({ nullable: "0+" }),
    results: f.array({
      fields: {
        user: f.string(),
        errorCode: f.int16(),
        errorMessage: f.string({ nullable: "0+" }),
        credentialInfos: f.array({ fields: { mechanism: f.int8(), iterations: f.int32() } }),
      },
    }),
  },
});

export interface DescribeUserScramCredentialsResponse extends Infer<
  typeof describeUserScramCredentialsResponse
> {}
