import { Admin, type DescribedMember } from "@ottla/client";
import { UsageError } from "../failure/exit.ts";
import { throwRefusals } from "../failure/throw-refusals.ts";
import { connectionOptions } from "../options/client-settings.ts";
import type { ConnectionFlags, OutputFormat } from "../options/flags.ts";
import { formatCount } from "../output/progress.ts";
import { render } from "../output/render.ts";
import { printLines } from "../output/standard-output.ts";
import { applyReset, refuseBusyGroup } from "./apply-reset.ts";
import { describeExisting, groupOffsets } from "./group-offsets.ts";
import { parseTopicScope, planReset, type ResetScope } from "./reset-plan.ts";
import { parseResetTarget, type ResetTarget } from "./reset-target.ts";
import { writeQuietly } from "../output/closed-pipe.ts";

export interface GroupFlags extends ConnectionFlags {
  readonly output: OutputFormat;
}

export interface GroupResetFlags extends GroupFlags {
  readonly topic?: readonly string[];
  readonly to?: string;
  readonly shiftBy?: number;
  readonly execute?: true;
}

export async function listGroups(flags: GroupFlags): Promise<void> {
  await using admin = new Admin(connectionOptions(flags));
  const groups = await admin.listGroups();
  await render(flags.output, {
    value: groups.map(({ groupId, state, type, protocolType }) => ({
      groupId,
      state,
      type,
      protocolType,
    })),
    columns: ["GROUP", "STATE", "TYPE"],
    rows: groups.map(({ groupId, state, type }) => [groupId, state, type]),
    ifEmpty: "there are no consumer groups",
  });
}

export async function describeGroup(groupId: string, flags: GroupFlags): Promise<void> {
  await using admin = new Admin(connectionOptions(flags));
  const [group] = await describeExisting(admin, [groupId]);
  if (group === undefined) return;
  const offsets = await groupOffsets(admin, group);
  const totalLag = offsets.reduce((sum, { lag }) => sum + (lag ?? 0), 0);
  if (flags.output === "table") {
    const assignor = group.protocol === "" ? "" : `, ${group.protocol}`;
    const members = group.members.length === 1 ? "1 member" : `${group.members.length} members`;
    await printLines([
      `${groupId}  ${group.state}, ${members}${assignor}, lag ${formatCount(totalLag)}`,
      "",
    ]);
  }
  await render(flags.output, {
    value: {
      groupId,
      state: group.state,
      assignor: group.protocol,
      lag: totalLag,
      members: group.members.map(({ memberId, groupInstanceId, clientId, clientHost }) => ({
        memberId,
        groupInstanceId,
        clientId,
        clientHost,
      })),
      offsets: offsets.map(({ topic, partition, committed, logEndOffset, lag, member }) => ({
        topic,
        partition,
        committed: committed ?? null,
        logEndOffset: logEndOffset ?? null,
        lag: lag ?? null,
        memberId: member?.memberId ?? null,
      })),
    },
    columns: ["TOPIC", "PARTITION", "COMMITTED", "END", "LAG", "MEMBER"],
    rows: offsets.map((row) => [
      row.topic,
      String(row.partition),
      count(row.committed),
      count(row.logEndOffset),
      count(row.lag),
      memberName(row.member),
    ]),
    ifEmpty: `group ${groupId} has no offsets`,
  });
}

function count(value: number | undefined): string {
  return value === undefined ? "-" : formatCount(value);
}

function memberName(member: DescribedMember | undefined): string {
  return member === undefined
    ? "-"
    : `${member.groupInstanceId ?? member.memberId} ${member.clientHost}`;
}

export async function resetGroup(groupId: string, flags: GroupResetFlags): Promise<void> {
  const { topic, execute } = flags;
  const target = targetOf(flags);
  const scope: ResetScope =
    topic === undefined
      ? { kind: "all-topics" }
      : { kind: "topics", topics: topic.map(parseTopicScope) };
  await using admin = new Admin(connectionOptions(flags));
  await refuseBusyGroup(admin, groupId);
  const plan = await planReset(admin, groupId, scope, target);
  if (execute) await applyReset(admin, groupId, plan);
  const diff = (current: number | undefined, next: number): string => {
    if (current === undefined) return "new";
    return next > current ? `+${formatCount(next - current)}` : formatCount(next - current);
  };
  await render(flags.output, {
    value: {
      groupId,
      isExecuted: execute === true,
      offsets: plan.map(({ topic: name, partition, current, next }) => ({
        topic: name,
        partition,
        current: current ?? null,
        next,
      })),
    },
    columns: ["TOPIC", "PARTITION", "CURRENT", "NEW", "CHANGE"],
    rows: plan.map(({ topic: name, partition, current, next }) => [
      name,
      String(partition),
      count(current),
      formatCount(next),
      diff(current, next),
    ]),
    ifEmpty: `group ${groupId} has no offsets`,
  });
  if (flags.output === "table") {
    writeQuietly(
      process.stderr,
      execute ? `reset ${groupId}\n` : "nothing was changed: --execute does it\n",
    );
  }
}

function targetOf({ to, shiftBy }: GroupResetFlags): ResetTarget {
  if ((to === undefined) === (shiftBy === undefined))
    throw new UsageError("say where to: either --to or --shift-by");
  return shiftBy === undefined
    ? parseResetTarget(to ?? "", Date.now())
    : { kind: "shift", by: shiftBy };
}

export async function deleteGroups(groupIds: readonly string[], flags: GroupFlags): Promise<void> {
  await using admin = new Admin(connectionOptions(flags));
  const results = await admin.deleteGroups(groupIds);
  await printLines(
    results.filter(({ error }) => error === undefined).map(({ groupId }) => `deleted ${groupId}`),
  );
  throwRefusals(results, ({ groupId }) => `group ${groupId}`);
}
