/*
 * OffsetCommit (API 8), versions 2 to 10. v2-4 carry a retention; v6 leader epoch; v7 static members
 * (KIP-345); v9 an error for groups that do not exist (KIP-848); v10 topic ids.
 */
import { Api } from "@ottla/protocol";
import { defineHandler } from "../../request/handler.ts";

export const offsetCommit = defineHandler({
  api: Api.OffsetCommit,
  minVersion: 2,
  maxVersion: 10,
  handle: (context, request) => context.services.groups.commitOffsets(request, context.apiVersion),
});
