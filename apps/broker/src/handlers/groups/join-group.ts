/*
 * JoinGroup (API 11), versions 0 to 9. v1 rebalance timeout; v4 member id required (KIP-394);
 * v5 static members (KIP-345); v7 protocol type in the answer; v8 reason (KIP-800); v9 the leader may
 * skip the assignment (KIP-814).
 */
import { Api } from "@ottla/protocol";
import { defineHandler } from "../../request/handler.ts";
import { clientContext } from "./client-context.ts";

export const joinGroup = defineHandler({
  api: Api.JoinGroup,
  minVersion: 0,
  maxVersion: 9,
  handle: (context, request) =>
    context.services.groups.joinGroup(request, context.apiVersion, clientContext(context)),
});
