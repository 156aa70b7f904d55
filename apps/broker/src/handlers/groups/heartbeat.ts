/* Heartbeat (API 12), versions 0 to 4. v3 static members (KIP-345). */
import { Api } from "@ottla/protocol";
import { defineHandler } from "../../request/handler.ts";

export const heartbeat = defineHandler({
  api: Api.Heartbeat,
  minVersion: 0,
  maxVersion: 4,
  handle: (context, request) => context.services.groups.heartbeat(request),
});
