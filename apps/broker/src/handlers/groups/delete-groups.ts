/* DeleteGroups (API 42), versions 0 to 2 (KIP-229). */
import { Api } from "@ottla/protocol";
import { defineHandler } from "../../request/handler.ts";

export const deleteGroups = defineHandler({
  api: Api.DeleteGroups,
  minVersion: 0,
  maxVersion: 2,
  handle: (context, request) => context.services.groups.deleteGroups(request),
});
