import {
  MetadataStoreError,
  type AlterTopicConfigsResult,
  type TopicConfigs,
} from "@ottla/coordinator";
import { ErrorCode } from "@ottla/protocol";
import { shortened } from "../../config/shortened.ts";
import { ineffectiveTopicSettings } from "../../config/topic-config.ts";
import type { RequestContext } from "../../request/request-context.ts";
import { ConfigOperation, alterConfigs, type ConfigChange } from "./config-changes.ts";
import { brokerNameProblem, ResourceType } from "./config-resources.ts";

/** What a request wants of one topic, broker or other carrier of settings. */
export interface ResourceChanges {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly changes: readonly ConfigChange[];
  /** True for AlterConfigs: what the changes do not name goes back to the default. */
  readonly replacesAll: boolean;
}

export interface ResourceResult {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly resourceType: number;
  readonly resourceName: string;
}

interface Refusal {
  readonly errorCode: number;
  readonly errorMessage: string;
}

/**
 * Carries out changes, resource by resource: one that is refused does not keep another from being done. The
 * partitions obey the new settings before this resolves.
 */
export async function alterResources(
  context: RequestContext,
  resources: readonly ResourceChanges[],
  { validateOnly }: { readonly validateOnly: boolean },
): Promise<ResourceResult[]> {
  const counts = new Map<string, number>();
  for (const one of resources) counts.set(keyOf(one), (counts.get(keyOf(one)) ?? 0) + 1);
  const results: ResourceResult[] = [];
  for (const one of resources) {
    const { resourceType, resourceName } = one;
    const isDuplicate = (counts.get(keyOf(one)) ?? 0) > 1;
    const refused = isDuplicate
      ? invalid("Each resource must appear at most once.")
      : await alterOne(context, one, validateOnly);
    const { errorCode, errorMessage } = refused ?? {
      errorCode: ErrorCode.NONE,
      errorMessage: null,
    };
    results.push({ errorCode, errorMessage, resourceType, resourceName });
  }
  if (!validateOnly) await context.services.partitions.settled();
  return results;
}

function keyOf({ resourceType, resourceName }: ResourceChanges): string {
  return `${resourceType}:${resourceName}`;
}

async function alterOne(
  context: RequestContext,
  resource: ResourceChanges,
  validateOnly: boolean,
): Promise<Refusal | undefined> {
  const problem = changesProblem(resource.changes);
  if (problem) return invalid(problem);
  switch (resource.resourceType) {
    case ResourceType.TOPIC:
      return alterTopic(context, resource, validateOnly);
    case ResourceType.BROKER:
      return refuseBrokerChanges(context, resource);
    case ResourceType.BROKER_LOGGER:
      if (resource.replacesAll) return unknownType(resource);
      return invalid("log levels cannot be changed while the broker runs");
    case ResourceType.CLIENT_METRICS:
      return invalid("client metrics are not served, so they have no settings");
    case ResourceType.GROUP:
      return invalid("groups have no settings of their own in this release");
    default:
      return unknownType(resource);
  }
}

function changesProblem(changes: readonly ConfigChange[]): string | undefined {
  if (new Set(changes.map(({ name }) => name)).size < changes.length) {
    return "Error due to duplicate config keys";
  }
  const nulls = changes.filter(
    ({ operation, value }) => value === null && operation !== ConfigOperation.DELETE,
  );
  if (nulls.length > 0) {
    return `Null value not supported for : ${shortened(namesOf(nulls))}`;
  }
  const operations: readonly number[] = Object.values(ConfigOperation);
  const unknown = changes.find(({ operation }) => !operations.includes(operation));
  return unknown && `Unknown operations type ${unknown.operation}`;
}

async function alterTopic(
  { services }: RequestContext,
  { resourceName, changes, replacesAll }: ResourceChanges,
  validateOnly: boolean,
): Promise<Refusal | undefined> {
  const { controller, logger } = services;
  if (resourceName === "") return invalid("Default topic resources are not allowed.");
  const alteration = (before: TopicConfigs) =>
    alterConfigs(replacesAll ? new Map() : before, changes);
  let result: AlterTopicConfigsResult;
  try {
    result = await controller.alterTopicConfigs(resourceName, alteration, { validateOnly });
  } catch (error) {
    if (!(error instanceof MetadataStoreError)) throw error;
    logger.error("could not change the settings of a topic", { error: error.message });
    return { errorCode: ErrorCode.KAFKA_STORAGE_ERROR, errorMessage: error.message };
  }
  if (!result.ok) return { errorCode: result.errorCode, errorMessage: result.message };
  if (validateOnly) return undefined;
  const given = changes.filter(({ operation }) => operation !== ConfigOperation.DELETE);
  for (const line of ineffectiveTopicSettings(given.map(({ name }) => name))) {
    logger.warn(line, { topic: resourceName });
  }
  return undefined;
}

/** Settings of brokers are read at start; taking back what was never set at run time changes nothing. */
function refuseBrokerChanges(
  { services }: RequestContext,
  { resourceName, changes }: ResourceChanges,
): Refusal | undefined {
  const problem = brokerNameProblem(resourceName, services.config.nodeId);
  if (problem) return invalid(problem);
  const given = changes.filter(({ operation }) => operation !== ConfigOperation.DELETE);
  if (given.length === 0) return undefined;
  const names = shortened(namesOf(given));
  return invalid(
    `Cannot update these configs dynamically: [${names}]; set them at the start of the broker`,
  );
}

function namesOf(changes: readonly ConfigChange[]): string {
  return changes.map(({ name }) => name).join(", ");
}

function unknownType({ resourceType }: ResourceChanges): Refusal {
  return invalid(`Unknown resource type ${resourceType}`);
}

function invalid(errorMessage: string): Refusal {
  return { errorCode: ErrorCode.INVALID_REQUEST, errorMessage };
}
