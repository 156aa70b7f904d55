/*
 * OffsetFetch (API 9), versions 1 to 10. v2 all topics by null; v5 leader epoch; v7 require stable
 * (KIP-447); v8 several groups (KIP-709); v9 member epoch (KIP-848); v10 topic ids.
 */
import { Api } from "@ottla/protocol";
import { defineHandler } from "../../request/handler.ts";

export const offsetFetch = defineHandler({
  api: Api.OffsetFetch,
  minVersion: 1,
  maxVersion: 10,
  handle: (context, request) => context.services.groups.fetchOffsets(request, context.apiVersion),
});
