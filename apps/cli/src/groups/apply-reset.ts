import type { Admin } from "@ottla/client";
import { ErrorCode } from "@ottla/protocol";
import { CommandError } from "../failure/exit.ts";
import { throwRefusals } from "../failure/throw-refusals.ts";
import type { PlannedOffset } from "./reset-plan.ts";

/** The offsets of a group in use belong to its members, so only an idle group, or a new one, is reset. */
export async function refuseBusyGroup(admin: Admin, groupId: string): Promise<void> {
  const [group] = await admin.describeGroups([groupId]);
  const isUnknown = group?.error?.code === ErrorCode.GROUP_ID_NOT_FOUND;
  if (group === undefined || isUnknown || group.state === "Empty" || group.state === "Dead") return;
  throw new CommandError(
    `group ${groupId} is in use (${group.state}, ${group.members.length} members): stop its consumers before its offsets are reset`,
  );
}

export async function applyReset(
  admin: Admin,
  groupId: string,
  plan: readonly PlannedOffset[],
): Promise<void> {
  const results = await admin.alterConsumerGroupOffsets(
    groupId,
    plan.map(({ topic, partition, next }) => ({ topic, partition, offset: next })),
  );
  throwRefusals(results, ({ topic, partition }) => `group ${groupId}, ${topic}-${partition}`);
}
