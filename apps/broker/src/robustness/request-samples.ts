/** Requests put together from the message tables, so that an API or a version that is added is attacked, too. */
import {
  encodeRequestFrame,
  includesVersion,
  type ApiDefinition,
  type Field,
  type Fields,
  type MessageInput,
} from "@ottla/protocol";
import type { SeededRandom } from "@ottla/testkit";
import { handlers } from "../handlers.ts";
import { batchOf } from "../test/requests.ts";

/** Kafka's code for a topic among the resources that carry settings. */
const TOPIC_RESOURCE = 2;

export interface ServedVersion {
  readonly api: ApiDefinition<unknown, unknown>;
  readonly version: number;
}

/** Every API and version that the broker serves. */
export function servedVersions(): ServedVersion[] {
  return handlers.flatMap(({ api, minVersion, maxVersion }) =>
    Array.from({ length: maxVersion - minVersion + 1 }, (_, i) => ({
      api,
      version: minVersion + i,
    })),
  );
}

/** What exists on the broker, so that requests get further than the first check. */
export interface Known {
  readonly topic: string;
  readonly topicId: string;
  readonly group: string;
}

/** A value for one field; `path` names it from the top, for example `topics.name`. */
export type Fill = (path: string, field: Field<unknown>) => unknown;

/** Undefined, as the answer of a `Fill`, leaves the choice to the sample. */
export function sampleRequest(
  { api, version }: ServedVersion,
  known: Known,
  random: SeededRandom,
  fill: Fill = () => undefined,
): unknown {
  return sampleStruct(api.request.fields, "", { version, known, random, fill });
}

interface Sampling {
  readonly version: number;
  readonly known: Known;
  readonly random: SeededRandom;
  readonly fill: Fill;
}

function sampleStruct(fields: Fields, path: string, sampling: Sampling): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(fields)) {
    if (!includesVersion(field.versions, sampling.version)) continue;
    value[name] = sampleField(field, path === "" ? name : `${path}.${name}`, sampling);
  }
  return value;
}

function sampleField(field: Field<unknown>, path: string, sampling: Sampling): unknown {
  const { random, fill } = sampling;
  const given = fill(path, field);
  if (given !== undefined) return given;
  switch (field.type) {
    case "struct":
      return sampleStruct(field.fields ?? {}, path, sampling);
    case "array":
      return Array.from({ length: 1 + random.nextInt(2) }, () =>
        sampleField(field.element!, path, sampling),
      );
    case "string":
      return sampleText(path, sampling.known);
    case "bytes":
      return random.bytes(random.nextInt(20));
    case "records":
      return batchOf(["fuzz"]);
    case "uuid":
      return sampling.known.topicId;
    case "bool":
      return random.chance(0.5);
    case "int64":
      return BigInt(random.nextInt(3) - 1);
    default:
      return sampleNumber(path, random);
  }
}

function sampleText(path: string, { topic, group }: Known): string {
  if (path.endsWith("configs.name")) return "retention.ms";
  if (path.endsWith("configs.value")) return "86400000";
  if (path.endsWith("resourceName")) return topic;
  if (/group/i.test(path)) return group;
  if (/topic|^topics\.name$/i.test(path)) return topic;
  if (/protocolType/i.test(path)) return "consumer";
  return "range";
}

/** Waits must be short, or the broker would be right not to answer; session timeouts must pass their bounds. */
function sampleNumber(path: string, random: SeededRandom): number {
  if (/sessionTimeout|rebalanceTimeout/i.test(path)) return 6_000;
  if (/maxWait/i.test(path)) return 0;
  if (/timeout/i.test(path)) return 100;
  if (/maxBytes/i.test(path)) return 1_000_000;
  if (path.endsWith("resourceType")) return TOPIC_RESOURCE;
  if (/acks|replicationFactor/i.test(path)) return random.pick([-1, 1]);
  return random.nextInt(3) - 1;
}

/** A whole frame, its size in front. */
export function frameOf(
  { api, version }: ServedVersion,
  body: unknown,
  clientId: string | null = "robust",
): Buffer {
  const input = body as MessageInput<unknown>;
  return Buffer.concat(encodeRequestFrame(api, version, { correlationId: 7, clientId }, input));
}

/** Writes the size of what follows into the first four bytes. */
export function withSize(frame: Buffer): Buffer {
  frame.writeInt32BE(frame.length - 4);
  return frame;
}

/** Paths of all string fields of a request version, also those within arrays and structs. */
export function textFields({ api, version }: ServedVersion): string[] {
  const paths: string[] = [];
  const visit = (field: Field<unknown>, path: string): void => {
    if (field.type === "string") paths.push(path);
    if (field.element) visit(field.element, path);
    if (field.fields) visitAll(field.fields, path);
  };
  const visitAll = (fields: Fields, path: string): void => {
    for (const [name, field] of Object.entries(fields)) {
      if (includesVersion(field.versions, version))
        visit(field, path === "" ? name : `${path}.${name}`);
    }
  };
  visitAll(api.request.fields, "");
  return paths;
}
