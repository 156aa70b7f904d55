/*
 * DescribeGroups (API 15), versions 0 to 6. v3 authorized operations (KIP-430); v4 instance ids
 * (KIP-345); v6 an error for groups that do not exist (KIP-1043).
 */
import { Api } from "@ottla/protocol";
import { defineHandler } from "../../request/handler.ts";

/** Bit per ACL operation that groups have: read, delete, describe, describe configs, alter configs. */
const GROUP_OPERATIONS = (1 << 3) | (1 << 6) | (1 << 8) | (1 << 10) | (1 << 11);

export const describeGroups = defineHandler({
  api: Api.DescribeGroups,
  minVersion: 0,
  maxVersion: 6,
  async handle(context, request) {
    const response = await context.services.groups.describeGroups(request, context.apiVersion);
    if (!request.includeAuthorizedOperations) return response;
    // Without an authorizer everybody may do everything.
    const groups = (response.groups ?? []).map((group) =>
      group.errorCode ? group : { ...group, authorizedOperations: GROUP_OPERATIONS },
    );
    return { ...response, groups };
  },
});
