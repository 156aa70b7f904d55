import { Admin, type NewTopic, type TopicMetadata } from "@ottla/client";
import { CommandError, UsageError } from "../failure/exit.ts";
import { throwRefusals } from "../failure/throw-refusals.ts";
import { connectionOptions } from "../options/client-settings.ts";
import type { ConnectionFlags } from "../options/flags.ts";
import { parsePairs } from "../options/properties-file.ts";
import { printLines } from "../output/standard-output.ts";
import { createTopic, topicSettings } from "./topic-actions.ts";
import { describeLines } from "./describe-format.ts";
import { compileTopicPattern } from "./topic-pattern.ts";

export interface TopicsFlags extends ConnectionFlags {
  readonly create?: true;
  readonly list?: true;
  readonly describe?: true;
  readonly alter?: true;
  readonly delete?: true;
  readonly topic?: string;
  readonly topicId?: string;
  readonly partitions?: number;
  readonly replicationFactor?: number;
  readonly replicaAssignment?: string;
  readonly config?: readonly string[];
  readonly ifNotExists?: true;
  readonly ifExists?: true;
  readonly excludeInternal?: true;
  readonly topicsWithOverrides?: true;
  readonly underReplicatedPartitions?: true;
  readonly unavailablePartitions?: true;
}

const ACTIONS = ["create", "list", "describe", "alter", "delete"] as const;
type Action = (typeof ACTIONS)[number];
type FlagName = Exclude<keyof TopicsFlags, keyof ConnectionFlags | Action>;

/** What each flag is good for; with another action it is a mistake and not silently without effect. */
const BELONGS_TO: Readonly<Record<FlagName, readonly Action[]>> = {
  topic: ACTIONS,
  topicId: ["describe"],
  partitions: ["create", "alter"],
  replicationFactor: ["create"],
  replicaAssignment: ["create"],
  config: ["create"],
  ifNotExists: ["create"],
  ifExists: ["describe", "alter", "delete"],
  excludeInternal: ["list", "describe"],
  topicsWithOverrides: ["describe"],
  underReplicatedPartitions: ["describe"],
  unavailablePartitions: ["describe"],
};

const RUN: Readonly<Record<Action, (admin: Admin, flags: TopicsFlags) => Promise<void>>> = {
  create: createCommand,
  list: listCommand,
  describe: describeCommand,
  alter: alterCommand,
  delete: deleteCommand,
};

export async function runTopics(flags: TopicsFlags): Promise<void> {
  const actions = ACTIONS.filter((name) => flags[name] === true);
  const [action] = actions;
  if (action === undefined || actions.length > 1)
    throw new UsageError(
      "say what to do: exactly one of --create, --list, --describe, --alter, --delete",
    );
  for (const [name, allowed] of Object.entries(BELONGS_TO)) {
    if (flags[name as FlagName] === undefined || allowed.includes(action)) continue;
    throw new UsageError(
      `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} does not go with --${action}`,
    );
  }
  if (flags.topic === undefined && !["list", "describe"].includes(action))
    throw new UsageError(`--${action} needs --topic`);
  await using admin = new Admin(connectionOptions(flags));
  await RUN[action](admin, flags);
}

async function createCommand(admin: Admin, flags: TopicsFlags): Promise<void> {
  const {
    topic = "",
    partitions,
    replicationFactor,
    replicaAssignment,
    config = [],
    ifNotExists,
  } = flags;
  if (
    replicaAssignment !== undefined &&
    (partitions !== undefined || replicationFactor !== undefined)
  ) {
    throw new UsageError(
      "--replica-assignment stands for --partitions and --replication-factor: use one or the other",
    );
  }
  const created: NewTopic = {
    topic,
    ...(partitions === undefined ? {} : { partitions }),
    ...(replicationFactor === undefined ? {} : { replicationFactor }),
    ...(replicaAssignment === undefined
      ? {}
      : { replicaAssignment: parseAssignment(replicaAssignment) }),
    configs: Object.fromEntries(parsePairs(config, "--config")),
  };
  const outcome = await createTopic(admin, created, { ifNotExists: ifNotExists === true });
  if (outcome !== undefined) await printLines([`Created topic ${topic}.`]);
}

function parseAssignment(text: string): number[][] {
  return text.split(",").map((partition) =>
    partition.split(":").map((broker) => {
      if (!/^\s*\d+\s*$/.test(broker))
        throw new UsageError(`"${text}" is no replica assignment: give broker ids such as 1:2,2:3`);
      return Number(broker);
    }),
  );
}

async function listCommand(admin: Admin, flags: TopicsFlags): Promise<void> {
  await printLines(await matching(admin, flags));
}

async function describeCommand(admin: Admin, flags: TopicsFlags): Promise<void> {
  const names = await matching(admin, flags);
  if (names.length === 0) return refuseMissing(flags);
  const topics = await admin.describeTopics(names);
  const settings = await topicSettings(admin, names);
  const only = partitionFilter(flags);
  const lines = topics
    .filter(({ name }) => !flags.topicsWithOverrides || (settings.get(name) ?? []).length > 0)
    .flatMap((topic) =>
      describeLines(topic, settings.get(name(topic)) ?? [], {
        only,
        isSummaryOnly: flags.topicsWithOverrides === true,
      }),
    );
  await printLines(lines);
}

function name(topic: TopicMetadata): string {
  return topic.name;
}

function partitionFilter({ underReplicatedPartitions, unavailablePartitions }: TopicsFlags) {
  if (underReplicatedPartitions) return "under-replicated" as const;
  return unavailablePartitions ? ("unavailable" as const) : ("all" as const);
}

async function alterCommand(admin: Admin, flags: TopicsFlags): Promise<void> {
  const { partitions } = flags;
  if (partitions === undefined) throw new UsageError("--alter needs --partitions");
  const names = await matching(admin, flags);
  if (names.length === 0) return refuseMissing(flags);
  throwRefusals(
    await admin.createPartitions(names.map((topic) => ({ topic, count: partitions }))),
    ({ topic }) => `topic ${topic}`,
  );
}

async function deleteCommand(admin: Admin, flags: TopicsFlags): Promise<void> {
  const names = await matching(admin, flags);
  if (names.length === 0) return refuseMissing(flags);
  throwRefusals(await admin.deleteTopics(names), ({ topic }) => `topic ${topic}`);
}

/** Names that are meant, in order. */
async function matching(
  admin: Admin,
  { topic, topicId, excludeInternal }: TopicsFlags,
): Promise<string[]> {
  const listed = await admin.listTopics({ includeInternal: !excludeInternal });
  if (topicId !== undefined)
    return listed.filter((one) => one.topicId === topicId).map((one) => one.name);
  const pattern = topic === undefined ? undefined : compileTopicPattern(topic);
  return listed.map((one) => one.name).filter((one) => pattern === undefined || pattern.test(one));
}

function refuseMissing({ topic, topicId, ifExists }: TopicsFlags): void {
  if (ifExists || (topic === undefined && topicId === undefined)) return;
  throw new CommandError(
    `topic ${topic ?? `with id ${topicId}`} does not exist: "ottla topics --list" shows what exists`,
  );
}
