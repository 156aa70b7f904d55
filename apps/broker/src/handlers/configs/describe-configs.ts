/*
 * DescribeConfigs (API 32), versions 1 to 4: settings of topics and of this broker, with where each
 * value comes from. Version 1 adds synonyms, version 3 types and documentation (KIP-569).
 */
import { topicNameProblem } from "@ottla/coordinator";
import { Api, ErrorCode, type DescribeConfigsRequest } from "@ottla/protocol";
import { defineHandler } from "../../request/handler.ts";
import type { RequestContext } from "../../request/request-context.ts";
import { brokerConfigEntries, topicConfigEntries, type ConfigEntry } from "./config-entries.ts";
import { brokerNameProblem, ResourceType } from "./config-resources.ts";

type Resource = DescribeConfigsRequest["resources"][number];
type Found =
  | { readonly ok: true; readonly entries: readonly ConfigEntry[] }
  | { readonly ok: false; readonly errorCode: number; readonly errorMessage: string };

export const describeConfigs = defineHandler({
  api: Api.DescribeConfigs,
  minVersion: 1,
  maxVersion: 4,
  handle(context, request) {
    return {
      results: request.resources.map((resource) => {
        const { resourceType, resourceName } = resource;
        const found = find(context, resource);
        if (!found.ok) {
          const { errorCode, errorMessage } = found;
          return { errorCode, errorMessage, resourceType, resourceName };
        }
        const configs = asked(found.entries, resource).map((one) => trimmed(one, request));
        return { errorCode: ErrorCode.NONE, errorMessage: "", resourceType, resourceName, configs };
      }),
    };
  },
});

function find({ services }: RequestContext, { resourceType, resourceName }: Resource): Found {
  const { config, controller } = services;
  if (resourceType === ResourceType.TOPIC) {
    const problem = topicNameProblem(resourceName);
    if (problem) return refuse(ErrorCode.INVALID_TOPIC_EXCEPTION, problem);
    const topic = controller.image.topicsByName.get(resourceName);
    if (!topic) return refuse(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, "no topic has this name");
    return { ok: true, entries: topicConfigEntries(topic.configs, config.values) };
  }
  if (resourceType !== ResourceType.BROKER) {
    return refuse(
      ErrorCode.INVALID_REQUEST,
      `settings of resource type ${resourceType} are not served; ask for topics (2) or brokers (4)`,
    );
  }
  // The empty name stands for defaults of the whole cluster set at run time; there are none.
  if (resourceName === "") return { ok: true, entries: [] };
  const problem = brokerNameProblem(resourceName, config.nodeId);
  if (problem) return refuse(ErrorCode.INVALID_REQUEST, problem);
  return { ok: true, entries: brokerConfigEntries(config.values) };
}

function refuse(errorCode: number, errorMessage: string): Found {
  return { ok: false, errorCode, errorMessage };
}

/** Null and, as in Kafka, an empty list ask for all; names that do not exist are left out. */
function asked(
  entries: readonly ConfigEntry[],
  { configurationKeys }: Resource,
): readonly ConfigEntry[] {
  if (configurationKeys === null || configurationKeys.length === 0) return entries;
  const names = new Set(configurationKeys);
  return entries.filter(({ name }) => names.has(name));
}

function trimmed(
  entry: ConfigEntry,
  { includeSynonyms, includeDocumentation }: DescribeConfigsRequest,
): Omit<ConfigEntry, "documentation"> & { readonly documentation: string | null } {
  return {
    ...entry,
    synonyms: includeSynonyms ? entry.synonyms : [],
    documentation: includeDocumentation ? entry.documentation : null,
  };
}
