import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * AlterUserScramCredentials (key 51): creates, changes and deletes SCRAM users (KIP-554). Version
 * 0, flexible from 0.
 */

export const alterUserScramCredentialsRequest = message({
  apiKey: 51,
  name: "AlterUserScramCredentialsRequest",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: {
    deletions: f.array({ fields: { name: f.string(), mechanism: f.int8() } }),
    upsertions: f.array({
      fields: {
        name: f.string(),
        mechanism: f.int8(),
        iterations: f.int32(),
        salt: f.bytes(),
        saltedPassword: f.bytes(),
      },
    }),
  },
});

export interface AlterUserScramCredentialsRequest extends Infer<
  typeof alterUserScramCredentialsRequest
> {}

export const alterUserScramCredentialsResponse = message({
  apiKey: 51,
  name: "AlterUserScramCredentialsResponse",
  validVersions: "0",
  flexibleVersions: "0+",
  fields: {
    throttleTimeMs: f.int32(),
    results: f.array({
      fields: {
        user: f.string(),
        errorCode: f.int16(),
        errorMessage: f.string({ nullable: "0+" }),
      },
    }),
  },
});

export interface AlterUserScramCredentialsResponse extends Infer<
  typeof alterUserScramCredentialsResponse
> {}
