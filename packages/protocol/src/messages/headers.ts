import { f } from "../schema/field.ts";
import { message, type Infer } from "../schema/message.ts";

/*
 * Headers of requests and responses. The client id keeps its int16 length even in the flexible
 * version 2, so that a broker can read the header of an ApiVersions request whatever its version
 * is.
 */

export const requestHeader = message({
  name: "RequestHeader",
  validVersions: "1-2",
  flexibleVersions: "2+",
  fields: {
    requestApiKey: f.int16(),
    requestApiVersion: f.int16(),
    correlationId: f.int32(),
    clientId: f.string({ versions: "1+", nullable: "1+", flexible: "none" }),
  },
});

export interface RequestHeader extends Infer<typeof requestHeader> {}

export const responseHeader = message({
  name: "ResponseHeader",
  validVersions: "0-1",
  flexibleVersions: "1+",
  fields: { correlationId: f.int32() },
});

export interface ResponseHeader extends Infer<typeof responseHeader> {}
