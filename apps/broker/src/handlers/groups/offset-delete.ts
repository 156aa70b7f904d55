/* OffsetDelete (API 47), version 0 (KIP-496). */
import { Api } from "@ottla/protocol";
import { defineHandler } from "../../request/handler.ts";

export const offsetDelete = defineHandler({
  api: Api.OffsetDelete,
  minVersion: 0,
  maxVersion: 0,
  handle: (context, request) => context.services.groups.deleteOffsets(request),
});
