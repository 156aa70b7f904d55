import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * SaslHandshake (key 17): chooses the SASL mechanism. After version 0 raw tokens follow, after
 * version 1 SaslAuthenticate. Versions 0 to 1, never flexible.
 */

export const saslHandshakeRequest = message({
  apiKey: 17,
  name: "SaslHandshakeRequest",
  validVersions: "0-1",
  flexibleVersions: "none",
  fields: { mechanism: f.string() },
});

export interface SaslHandshakeRequest extends Infer<typeof saslHandshakeRequest> {}

export const saslHandshakeResponse = message({
  apiKey: 17,
  name: "SaslHandshakeResponse",
  validVersions: "0-1",
  flexibleVersions: "none",
  fields: { errorCode: f.int16(), mechanisms: f.array({ of: f.string() }) },
});

export interface SaslHandshakeResponse extends Infer<typeof saslHandshakeResponse> {}
