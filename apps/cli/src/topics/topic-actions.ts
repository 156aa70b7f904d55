import {
  KafkaError,
  type Admin,
  type ConfigEntry,
  type CreatedTopic,
  type NewTopic,
} from "@ottla/client";
import { ErrorCode } from "@ottla/protocol";
import { throwRefusals } from "../failure/throw-refusals.ts";

/** Undefined when the topic was there already and that was allowed. */
export async function createTopic(
  admin: Admin,
  topic: NewTopic,
  options: { readonly ifNotExists: boolean },
): Promise<CreatedTopic | undefined> {
  const results = await admin.createTopics([topic]);
  const [result] = results;
  if (
    options.ifNotExists &&
    result?.error instanceof KafkaError &&
    result.error.code === ErrorCode.TOPIC_ALREADY_EXISTS
  )
    return undefined;
  throwRefusals(results, ({ topic: name }) => `topic ${name}`);
  return result;
}

/** What was set for the topics themselves, by name; defaults are left out. */
export async function topicSettings(
  admin: Admin,
  names: readonly string[],
): Promise<ReadonlyMap<string, readonly ConfigEntry[]>> {
  const described = await admin.describeConfigs(
    names.map((name) => ({ type: "topic" as const, name })),
  );
  throwRefusals(described, ({ name }) => `topic ${name}`);
  return new Map(
    described.map(({ name, entries }) => [
      name,
      entries.filter(({ source }) => source === "dynamic-topic"),
    ]),
  );
}
