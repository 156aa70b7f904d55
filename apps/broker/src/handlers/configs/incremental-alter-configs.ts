/*
 * IncrementalAlterConfigs (API 44), versions 0 to 1 (KIP-339): sets, unsets, appends to and subtracts from
 * single settings; those that it does not name stay. Version 1 is flexible.
 */
import { Api } from "@ottla/protocol";
import { defineHandler } from "../../request/handler.ts";
import { alterResources } from "./alter-resources.ts";

export const incrementalAlterConfigs = defineHandler({
  api: Api.IncrementalAlterConfigs,
  minVersion: 0,
  maxVersion: 1,
  async handle(context, { resources, validateOnly }) {
    const wanted = resources.map(({ resourceType, resourceName, configs }) => ({
      resourceType,
      resourceName,
      changes: configs.map(({ name, value, configOperation }) => ({
        name,
        value,
        operation: configOperation,
      })),
      replacesAll: false,
    }));
    return { responses: await alterResources(context, wanted, { validateOnly }) };
  },
});
