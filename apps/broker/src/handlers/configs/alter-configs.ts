/*
 * AlterConfigs (API 33), versions 0 to 2: replaces all settings of a resource by the given ones, so that what
 * is not named goes back to its default. IncrementalAlterConfigs does not have that trap. Version 2 is flexible.
 */
import { Api } from "@ottla/protocol";
import { defineHandler } from "../../request/handler.ts";
import { alterResources } from "./alter-resources.ts";
import { ConfigOperation } from "./config-changes.ts";

export const alterConfigs = defineHandler({
  api: Api.AlterConfigs,
  minVersion: 0,
  maxVersion: 2,
  async handle(context, { resources, validateOnly }) {
    const wanted = resources.map(({ resourceType, resourceName, configs }) => ({
      resourceType,
      resourceName,
      changes: configs.map(({ name, value }) => ({ name, value, operation: ConfigOperation.SET })),
      replacesAll: true,
    }));
    return { responses: await alterResources(context, wanted, { validateOnly }) };
  },
});
