import { Api } from "@ottla/protocol";
import type { Cluster } from "../connection/cluster.ts";
import { errorOf, type WithError } from "./admin-results.ts";
import type { Retrying } from "./retrying.ts";

const RESOURCE_TYPES = {
  topic: 2,
  broker: 4,
  "broker-logger": 8,
  "client-metrics": 16,
  group: 32,
} as const;
export type ConfigResourceType = keyof typeof RESOURCE_TYPES;

const OPERATIONS = { set: 0, delete: 1, append: 2, subtract: 3 } as const;

const SOURCES = [
  "unknown",
  "dynamic-topic",
  "dynamic-broker",
  "dynamic-default-broker",
  "static-broker",
  "default",
  "dynamic-broker-logger",
  "client-metrics",
  "group",
] as const;
export type ConfigSource = (typeof SOURCES)[number];
const DEFAULT_SOURCE: ConfigSource = "default";

export interface ConfigResource {
  readonly type: ConfigResourceType;
  /** Topic name, or number of a broker as text. */
  readonly name: string;
}

export interface ConfigEntry {
  readonly name: string;
  /** Null when it is sensitive. */
  readonly value: string | null;
  readonly source: ConfigSource;
  readonly isDefault: boolean;
  readonly readOnly: boolean;
  readonly isSensitive: boolean;
  readonly synonyms: readonly {
    readonly name: string;
    readonly value: string | null;
    readonly source: ConfigSource;
  }[];
  readonly documentation: string | null;
}

export interface DescribedConfigs extends ConfigResource, WithError {
  readonly entries: readonly ConfigEntry[];
}

export interface ConfigChange {
  readonly name: string;
  readonly operation: keyof typeof OPERATIONS;
  readonly value?: string;
}

export async function describeConfigs(
  retrying: Retrying,
  cluster: Cluster,
  resources: readonly (ConfigResource & { readonly configNames?: readonly string[] })[],
): Promise<DescribedConfigs[]> {
  const body = {
    resources: resources.map(({ type, name, configNames }) => ({
      resourceType: RESOURCE_TYPES[type],
      resourceName: name,
      configurationKeys: configNames ?? null,
    })),
    includeSynonyms: true,
    includeDocumentation: true,
  };
  const response = await askOwner(retrying, cluster, resources, (nodeId) =>
    nodeId === undefined
      ? cluster.requestAny(Api.DescribeConfigs, body)
      : cluster.request(nodeId, Api.DescribeConfigs, body),
  );
  return response.results.map((result) => ({
    type: typeName(result.resourceType),
    name: result.resourceName,
    ...errorOf(result.errorCode, result.errorMessage),
    entries: result.configs.map((config) => ({
      name: config.name,
      value: config.value,
      source: sourceName(config.configSource),
      isDefault: sourceName(config.configSource) === DEFAULT_SOURCE,
      readOnly: config.readOnly,
      isSensitive: config.isSensitive,
      synonyms: config.synonyms.map(({ name, value, source }) => ({
        name,
        value,
        source: sourceName(source),
      })),
      documentation: config.documentation,
    })),
  }));
}

export async function alterConfigs(
  retrying: Retrying,
  cluster: Cluster,
  resources: readonly (ConfigResource & { readonly changes: readonly ConfigChange[] })[],
): Promise<(ConfigResource & WithError)[]> {
  const body = {
    resources: resources.map(({ type, name, changes }) => ({
      resourceType: RESOURCE_TYPES[type],
      resourceName: name,
      configs: changes.map((change) => ({
        name: change.name,
        configOperation: OPERATIONS[change.operation],
        value: change.value ?? null,
      })),
    })),
    validateOnly: false,
  };
  const response = await askOwner(retrying, cluster, resources, (nodeId) =>
    nodeId === undefined
      ? cluster.requestController(Api.IncrementalAlterConfigs, body)
      : cluster.request(nodeId, Api.IncrementalAlterConfigs, body),
  );
  return response.responses.map(({ resourceType, resourceName, errorCode, errorMessage }) => ({
    type: typeName(resourceType),
    name: resourceName,
    ...errorOf(errorCode, errorMessage),
  }));
}

/** A broker answers for its own settings only, so a request that names one broker goes there. */
function askOwner<T>(
  retrying: Retrying,
  cluster: Cluster,
  resources: readonly ConfigResource[],
  ask: (nodeId: number | undefined) => Promise<T>,
): Promise<T> {
  const brokers = new Set(
    resources
      .filter(({ type, name }) => type.startsWith("broker") && name !== "")
      .map(({ name }) => Number(name)),
  );
  if (brokers.size > 1)
    throw new TypeError("the configurations of one broker at a time can be asked for");
  const [nodeId] = brokers;
  return retrying.run(async () => {
    if (nodeId !== undefined) await cluster.refreshMetadata();
    return ask(nodeId);
  });
}

function typeName(code: number): ConfigResourceType {
  const found = Object.entries(RESOURCE_TYPES).find(([, value]) => value === code);
  if (found === undefined)
    throw new RangeError(`the broker answered for a resource of type ${code}`);
  return found[0] as ConfigResourceType;
}

function sourceName(code: number): ConfigSource {
  return SOURCES[code] ?? "unknown";
}
