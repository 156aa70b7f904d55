import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * SaslAuthenticate (key 36): carries the tokens of a SASL exchange. 1 tells how long the session
 * lasts (KIP-368). Versions 0 to 2, flexible from 2.
 */

export const saslAuthenticateRequest = message({
  apiKey: 36,
  name: "SaslAuthenticateRequest",
  validVersions: "0-2",
  flexibleVersions: "2+",
  fields: { authBytes: f.bytes() },
});

export interface SaslAuthenticateRequest extends Infer<typeof saslAuthenticateRequest> {}

export const saslAuthenticateResponse = message({
  apiKey: 36,
  name: "SaslAuthenticateResponse",
  validVersions: "0-2",
  flexibleVersions: "2+",
  fields: {
    errorCode: f.int16(),
    errorMessage: f.string({ nullable: "0+" }),
    authBytes: f.bytes(),
    sessionLifetimeMs: f.int64({ versions: "1+" }),
  },
});

export interface SaslAuthenticateResponse extends Infer<typeof saslAuthenticateResponse> {}
