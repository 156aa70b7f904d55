import type { DescribedGroup, ListedGroup, PartitionResult } from "@ottla/client";
import { alignColumns } from "../output/columns.ts";
import { sorted, type GroupOffsetRow } from "./group-offsets.ts";
import type { PlannedOffset } from "./reset-plan.ts";

/** The tables of kafka-consumer-groups, column for column, for scripts that cut them apart. */

const NONE = "-";
const NAME_WIDTH = 15;

export function groupListLines(
  groups: readonly ListedGroup[],
  show: { readonly state: boolean; readonly type: boolean },
): string[] {
  if (!show.state && !show.type) return groups.map(({ groupId }) => groupId);
  const columns = (name: string, type: string, state: string): string[] => [
    name,
    ...(show.type ? [type] : []),
    ...(show.state ? [state] : []),
  ];
  const rows = groups.map(({ groupId, type, state }) => columns(groupId, type, state));
  return alignColumns([columns("GROUP", "TYPE", "STATE"), ...rows], {
    minWidths: [NAME_WIDTH, show.type ? 9 : 0],
  });
}

/** What has to be known before the table is read. */
export function stateLine({ groupId, state }: DescribedGroup): string | undefined {
  if (state === "Empty") return `Consumer group '${groupId}' has no active members.`;
  if (state === "PreparingRebalance" || state === "CompletingRebalance")
    return `Warning: Consumer group '${groupId}' is rebalancing.`;
  return undefined;
}

export function offsetLines(
  { groupId }: DescribedGroup,
  rows: readonly GroupOffsetRow[],
): string[] {
  if (rows.length === 0) return [];
  const header = [
    "GROUP",
    "TOPIC",
    "PARTITION",
    "CURRENT-OFFSET",
    "LOG-END-OFFSET",
    "LAG",
    "CONSUMER-ID",
    "HOST",
    "CLIENT-ID",
  ];
  const cells = rows.map(({ topic, partition, committed, logEndOffset, lag, member }) => [
    groupId,
    topic,
    String(partition),
    shown(committed),
    shown(logEndOffset),
    shown(lag),
    member?.memberId ?? NONE,
    member?.clientHost ?? NONE,
    member?.clientId ?? NONE,
  ]);
  return [
    "",
    ...alignColumns([header, ...cells], {
      minWidths: [
        NAME_WIDTH,
        NAME_WIDTH,
        10,
        NAME_WIDTH,
        NAME_WIDTH,
        NAME_WIDTH,
        NAME_WIDTH,
        NAME_WIDTH,
      ],
    }),
  ];
}

export function memberLines({ groupId, members }: DescribedGroup, isVerbose: boolean): string[] {
  if (members.length === 0) return [];
  const withInstance = members.some(({ groupInstanceId }) => groupInstanceId !== null);
  const columns = (cells: {
    group: string;
    id: string;
    instance: string;
    host: string;
    client: string;
    count: string;
    assignment: string;
  }): string[] => [
    cells.group,
    cells.id,
    ...(withInstance ? [cells.instance] : []),
    cells.host,
    cells.client,
    cells.count,
    ...(isVerbose ? [cells.assignment] : []),
  ];
  const header = columns({
    group: "GROUP",
    id: "CONSUMER-ID",
    instance: "GROUP-INSTANCE-ID",
    host: "HOST",
    client: "CLIENT-ID",
    count: "#PARTITIONS",
    assignment: "ASSIGNMENT",
  });
  const cells = members.map(({ memberId, groupInstanceId, clientHost, clientId, assignment }) =>
    columns({
      group: groupId,
      id: memberId,
      instance: groupInstanceId ?? NONE,
      host: clientHost,
      client: clientId,
      count: String(assignment.length),
      assignment: formatAssignment(assignment),
    }),
  );
  return ["", ...alignColumns([header, ...cells], { minWidths: header.map(() => NAME_WIDTH) })];
}

/** `orders:0,1;payments:2`. */
function formatAssignment(assignment: DescribedGroup["members"][number]["assignment"]): string {
  const byTopic = Map.groupBy(sorted(assignment), ({ topic }) => topic);
  if (byTopic.size === 0) return NONE;
  return [...byTopic]
    .map(
      ([topic, partitions]) => `${topic}:${partitions.map(({ partition }) => partition).join(",")}`,
    )
    .join(";");
}

export function stateLines(groups: readonly DescribedGroup[]): string[] {
  const header = ["GROUP", "COORDINATOR (ID)", "ASSIGNMENT-STRATEGY", "STATE", "#MEMBERS"];
  const rows = groups.map(({ groupId, coordinator, protocol, state, members }) => [
    groupId,
    coordinator === undefined
      ? NONE
      : `${coordinator.host}:${coordinator.port} (${coordinator.nodeId})`,
    protocol === "" ? NONE : protocol,
    state,
    String(members.length),
  ]);
  return ["", ...alignColumns([header, ...rows], { minWidths: [NAME_WIDTH, 25, 20, 20] })];
}

export function resetLines(
  plans: readonly { readonly groupId: string; readonly plan: readonly PlannedOffset[] }[],
  isCsv: boolean,
): string[] {
  const rows = plans.flatMap(({ groupId, plan }) =>
    plan.map(({ topic, partition, next }) => [groupId, topic, String(partition), String(next)]),
  );
  // One group needs no column for it, and --from-file understands both.
  if (isCsv) return rows.map((row) => (plans.length > 1 ? row : row.slice(1)).join(","));
  return [
    "",
    ...alignColumns([["GROUP", "TOPIC", "PARTITION", "NEW-OFFSET"], ...rows], {
      minWidths: [NAME_WIDTH, NAME_WIDTH, 10, 15],
    }),
  ];
}

export function deletedOffsetsLines(results: readonly PartitionResult[]): string[] {
  const rows = sorted(results).map(({ topic, partition, error }) => [
    topic,
    String(partition),
    error === undefined ? "Successful" : `Error: ${error.name}`,
  ]);
  return [
    "",
    ...alignColumns([["TOPIC", "PARTITION", "STATUS"], ...rows], { minWidths: [30, 15] }),
  ];
}

function shown(value: number | undefined): string {
  return value === undefined ? NONE : String(value);
}
