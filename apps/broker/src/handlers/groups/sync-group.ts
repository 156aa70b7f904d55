/* SyncGroup (API 14), versions 0 to 5. v3 static members (KIP-345); v5 protocol type and name (KIP-559). */
import { Api } from "@ottla/protocol";
import { defineHandler } from "../../request/handler.ts";

export const syncGroup = defineHandler({
  api: Api.SyncGroup,
  minVersion: 0,
  maxVersion: 5,
  handle: (context, request) => context.services.groups.syncGroup(request),
});
