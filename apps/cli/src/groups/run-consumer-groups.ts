import { Admin } from "@ottla/client";
import { CommandError, UsageError } from "../failure/exit.ts";
import { explainError } from "../failure/explain-error.ts";
import { connectionOptions } from "../options/client-settings.ts";
import type { ConnectionFlags } from "../options/flags.ts";
import { printLines } from "../output/standard-output.ts";
import { applyReset, refuseBusyGroup } from "./apply-reset.ts";
import { describeExisting, groupOffsets } from "./group-offsets.ts";
import {
  deletedOffsetsLines,
  groupListLines,
  memberLines,
  offsetLines,
  resetLines,
  stateLine,
  stateLines,
} from "./kafka-group-tables.ts";
import { parseTopicScope, planReset, type PlannedOffset, type ResetScope } from "./reset-plan.ts";
import { targetOfFlags, type ResetFlags } from "./reset-target.ts";
import { writeQuietly } from "../output/closed-pipe.ts";

export interface ConsumerGroupsFlags extends ConnectionFlags, ResetFlags {
  readonly list?: true;
  readonly describe?: true;
  readonly resetOffsets?: true;
  readonly delete?: true;
  readonly deleteOffsets?: true;
  readonly group?: readonly string[];
  readonly allGroups?: true;
  readonly topic?: readonly string[];
  readonly allTopics?: true;
  readonly members?: true;
  readonly offsets?: true;
  readonly state?: string | true;
  readonly type?: string | true;
  readonly verbose?: true;
  readonly dryRun?: true;
  readonly execute?: true;
  readonly export?: true;
  readonly timeout?: number;
}

const ACTIONS = ["list", "describe", "resetOffsets", "delete", "deleteOffsets"] as const;
type Action = (typeof ACTIONS)[number];
type FlagName = Exclude<keyof ConsumerGroupsFlags, keyof ConnectionFlags | Action>;

/** What each flag is good for; with another action it is a mistake and not silently without effect. */
const BELONGS_TO: Readonly<Record<FlagName, readonly Action[]>> = {
  group: ["describe", "resetOffsets", "delete", "deleteOffsets"],
  allGroups: ["describe", "resetOffsets", "delete"],
  topic: ["resetOffsets", "deleteOffsets"],
  allTopics: ["resetOffsets"],
  members: ["describe"],
  offsets: ["describe"],
  state: ["list", "describe"],
  type: ["list"],
  verbose: ["describe"],
  toEarliest: ["resetOffsets"],
  toLatest: ["resetOffsets"],
  toCurrent: ["resetOffsets"],
  toOffset: ["resetOffsets"],
  shiftBy: ["resetOffsets"],
  toDatetime: ["resetOffsets"],
  byDuration: ["resetOffsets"],
  fromFile: ["resetOffsets"],
  dryRun: ["resetOffsets"],
  execute: ["resetOffsets"],
  export: ["resetOffsets"],
  timeout: ACTIONS,
};

const RUN: Readonly<Record<Action, (admin: Admin, flags: ConsumerGroupsFlags) => Promise<void>>> = {
  list: listCommand,
  describe: describeCommand,
  resetOffsets: resetCommand,
  delete: deleteCommand,
  deleteOffsets: deleteOffsetsCommand,
};

export async function runConsumerGroups(flags: ConsumerGroupsFlags): Promise<void> {
  const actions = ACTIONS.filter((name) => flags[name] === true);
  const [action] = actions;
  if (action === undefined || actions.length > 1) {
    throw new UsageError(
      "say what to do: exactly one of --list, --describe, --reset-offsets, --delete, --delete-offsets",
    );
  }
  for (const [name, allowed] of Object.entries(BELONGS_TO)) {
    if (flags[name as FlagName] !== undefined && !allowed.includes(action))
      throw new UsageError(`${dashed(name)} does not go with ${dashed(action)}`);
  }
  if (action !== "list" && (flags.group === undefined) === (flags.allGroups === undefined)) {
    throw new UsageError(
      `${dashed(action)} needs ${BELONGS_TO.allGroups.includes(action) ? "either --group or --all-groups" : "--group"}`,
    );
  }
  await using admin = new Admin({
    ...connectionOptions(flags),
    ...(flags.timeout === undefined ? {} : { apiTimeoutMs: flags.timeout }),
  });
  await RUN[action](admin, flags);
}

function dashed(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

async function groupIds(admin: Admin, { group }: ConsumerGroupsFlags): Promise<readonly string[]> {
  if (group !== undefined) return [...new Set(group)];
  return (await consumerGroups(admin)).map(({ groupId }) => groupId);
}

/** Connect workers and others have groups too; these have offsets only by chance. */
async function consumerGroups(
  admin: Admin,
  filter: { readonly states?: readonly string[]; readonly types?: readonly string[] } = {},
) {
  const groups = await admin.listGroups(filter);
  return groups.filter(({ protocolType }) => protocolType === "consumer" || protocolType === "");
}

async function listCommand(admin: Admin, { state, type }: ConsumerGroupsFlags): Promise<void> {
  const names = (text: string | true | undefined): string[] =>
    typeof text === "string"
      ? text
          .split(",")
          .map((name) =>
            name
              .trim()
              .replace(
                /(?:^|-|_)(\w)(\w*)/g,
                (_, first: string, rest: string) => first.toUpperCase() + rest.toLowerCase(),
              ),
          )
      : [];
  const groups = await consumerGroups(admin, { states: names(state), types: names(type) });
  await printLines(
    groupListLines(groups, { state: state !== undefined, type: type !== undefined }),
  );
}

async function describeCommand(admin: Admin, flags: ConsumerGroupsFlags): Promise<void> {
  if ([flags.members, flags.offsets, flags.state].filter((one) => one !== undefined).length > 1) {
    throw new UsageError("--describe shows one thing at a time: --offsets, --members or --state");
  }
  const groups = await describeExisting(admin, await groupIds(admin, flags));
  if (flags.state !== undefined) return printLines(stateLines(groups));
  for (const group of groups) {
    const remark = stateLine(group);
    if (remark !== undefined) writeQuietly(process.stderr, `\n${remark}\n`);
    if (flags.members) await printLines(memberLines(group, flags.verbose === true));
    else await printLines(offsetLines(group, await groupOffsets(admin, group)));
  }
}

async function resetCommand(admin: Admin, flags: ConsumerGroupsFlags): Promise<void> {
  if (flags.execute && flags.dryRun)
    throw new UsageError("--execute and --dry-run exclude each other");
  const scope = scopeOf(flags);
  const groups = await groupIds(admin, flags);
  const plans: { readonly groupId: string; readonly plan: readonly PlannedOffset[] }[] = [];
  for (const groupId of groups) {
    const target = targetOfFlags(flags, groupId, Date.now());
    await refuseBusyGroup(admin, groupId);
    plans.push({ groupId, plan: await planReset(admin, groupId, scope, target) });
  }
  // All plans stand before the first change is made.
  if (flags.execute) for (const { groupId, plan } of plans) await applyReset(admin, groupId, plan);
  await printLines(resetLines(plans, flags.export === true));
}

function scopeOf({ topic, allTopics, fromFile }: ConsumerGroupsFlags): ResetScope {
  if (fromFile !== undefined && topic === undefined && allTopics === undefined)
    return { kind: "all-topics" };
  if ((topic === undefined) === (allTopics === undefined))
    throw new UsageError("say which offsets: either --topic or --all-topics");
  return topic === undefined
    ? { kind: "all-topics" }
    : { kind: "topics", topics: topic.map(parseTopicScope) };
}

async function deleteCommand(admin: Admin, flags: ConsumerGroupsFlags): Promise<void> {
  const results = await admin.deleteGroups(await groupIds(admin, flags));
  const deleted = results
    .filter(({ error }) => error === undefined)
    .map(({ groupId }) => `'${groupId}'`);
  const failed = results.filter(({ error }) => error !== undefined);
  if (deleted.length > 0)
    await printLines([
      `Deletion of requested consumer groups (${deleted.join(", ")}) was successful.`,
    ]);
  if (failed.length === 0) return;
  throw new CommandError(
    failed
      .map(({ groupId, error }) => `group ${groupId} was not deleted: ${explainError(error)}`)
      .join("; "),
  );
}

async function deleteOffsetsCommand(admin: Admin, flags: ConsumerGroupsFlags): Promise<void> {
  const { group = [], topic } = flags;
  const [groupId] = group;
  if (groupId === undefined || group.length > 1)
    throw new UsageError("--delete-offsets takes one --group");
  if (topic === undefined) throw new UsageError("--delete-offsets needs --topic");
  const scopes = topic.map(parseTopicScope);
  const committed = await admin.listConsumerGroupOffsets(groupId);
  const partitions = scopes.flatMap(
    (scope) =>
      scope.partitions?.map((partition) => ({ topic: scope.topic, partition })) ??
      committed
        .filter((one) => one.topic === scope.topic)
        .map(({ topic: name, partition }) => ({ topic: name, partition })),
  );
  if (partitions.length === 0)
    throw new CommandError(`group ${groupId} has no offsets of ${topic.join(", ")}`);
  const results = await admin.deleteConsumerGroupOffsets(groupId, partitions);
  await printLines(deletedOffsetsLines(results));
  const failed = results.find(({ error }) => error !== undefined);
  if (failed !== undefined)
    throw new CommandError(
      `offsets of ${failed.topic}-${failed.partition} were not deleted: ${explainError(failed.error)}`,
    );
}
