/* ListGroups (API 16), versions 0 to 5. v4 filter by state (KIP-518); v5 filter by type (KIP-848). */
import { Api } from "@ottla/protocol";
import { defineHandler } from "../../request/handler.ts";

export const listGroups = defineHandler({
  api: Api.ListGroups,
  minVersion: 0,
  maxVersion: 5,
  handle: (context, request) => context.services.groups.listGroups(request),
});
