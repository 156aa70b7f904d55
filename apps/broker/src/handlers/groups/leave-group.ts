/* LeaveGroup (API 13), versions 0 to 5. v3 several members, also by instance id (KIP-345); v5 reason (KIP-800). */
import { Api } from "@ottla/protocol";
import { defineHandler } from "../../request/handler.ts";

export const leaveGroup = defineHandler({
  api: Api.LeaveGroup,
  minVersion: 0,
  maxVersion: 5,
  handle: (context, request) => context.services.groups.leaveGroup(request, context.apiVersion),
});
