// Whether those who read along saw the log as it is: nothing skipped, nothing twice but after a rebalance.
import { checkOffsets, type Violation } from "./check-log.ts";
import type { GroupEvent, History, StoredRecord } from "./history.ts";

/** The plain reader has no group: it must have seen the log, once, from its first record to its last. */
export function checkReader({ reader, log }: Pick<History, "reader" | "log">): Violation[] {
  const violations = checkOffsets("the reader", reader);
  const key = ({ partition, offset }: StoredRecord) => `${partition}@${offset}`;
  const content = ({ producer, sequence }: StoredRecord) => `${producer}:${sequence}`;
  const final = new Map(log.map((record) => [key(record), content(record)]));
  for (const record of reader) {
    const there = final.get(key(record));
    if (there === content(record)) continue;
    violations.push({
      fault: "differs",
      detail: `the reader saw ${content(record)} at ${key(record)}, the log has ${there ?? "nothing"}`,
    });
  }
  const seen = new Set(reader.map(key));
  for (const record of log) {
    if (!seen.has(key(record)))
      violations.push({
        fault: "skipped",
        detail: `the reader never saw ${content(record)} at ${key(record)}`,
      });
  }
  return violations;
}

interface GroupPartition {
  /** Offset after the last record that any member read. */
  highest: number;
  committed: number;
  owner: string | undefined;
  /** Offset that the owner must read next; undefined until its first record. */
  next: number | undefined;
  /** What was committed when the owner got the partition. */
  committedAtStart: number;
}

/**
 * Within an assignment offsets grow by one. At its start a member may go back to the last commit, never behind a
 * commit that was acknowledged before, and never beyond what the group has read.
 */
export function checkGroup(
  events: readonly GroupEvent[],
  log: readonly StoredRecord[],
): Violation[] {
  const partitions = new Map<number, GroupPartition>();
  const violations: Violation[] = [];
  const ordered = events.toSorted((a, b) => (a.atNs < b.atNs ? -1 : a.atNs > b.atNs ? 1 : 0));
  for (const event of ordered) {
    const state = partitions.get(event.partition) ?? {
      highest: 0,
      committed: 0,
      owner: undefined,
      next: undefined,
      committedAtStart: 0,
    };
    partitions.set(event.partition, state);
    if (event.kind === "assigned") {
      Object.assign(state, {
        owner: event.member,
        next: undefined,
        committedAtStart: state.committed,
      });
    } else if (event.kind === "committed") {
      state.committed = Math.max(state.committed, event.offset);
    } else if (event.member === state.owner) {
      violations.push(...checkRead(event.member, event, state));
      state.next = event.offset + 1;
      state.highest = Math.max(state.highest, state.next);
    }
  }
  const ends = new Map<number, number>();
  for (const { partition, offset } of log)
    ends.set(partition, Math.max(ends.get(partition) ?? 0, offset + 1));
  for (const [partition, end] of ends) {
    const highest = partitions.get(partition)?.highest ?? 0;
    if (highest !== end)
      violations.push({
        fault: "skipped",
        detail: `the group read partition ${partition} up to ${highest}, its end is ${end}`,
      });
  }
  return violations;
}

function checkRead(
  member: string,
  at: { readonly partition: number; readonly offset: number },
  state: GroupPartition,
): Violation[] {
  const { partition, offset } = at;
  const where = `member ${member}, partition ${partition}: offset ${offset}`;
  if (state.next !== undefined) {
    if (offset === state.next) return [];
    return [
      {
        fault: offset > state.next ? "skipped" : "went back",
        detail: `${where} where ${state.next} was next`,
      },
    ];
  }
  if (offset > state.highest)
    return [
      {
        fault: "skipped",
        detail: `${where} after a rebalance, the group had read up to ${state.highest}`,
      },
    ];
  if (offset < state.committedAtStart)
    return [
      {
        fault: "went back",
        detail: `${where} after a rebalance, ${state.committedAtStart} was committed`,
      },
    ];
  return [];
}
