// Whether the log holds what the producers sent: each record once, in order, where its acknowledgement said.
import type { History, ProducerHistory, StoredRecord } from "./history.ts";

export type Fault =
  | "lost"
  | "duplicate"
  | "reordered"
  | "phantom"
  | "moved"
  | "skipped"
  | "went back"
  | "differs";

export interface Violation {
  readonly fault: Fault;
  readonly detail: string;
}

function nameOf({ producer, partition, sequence }: StoredRecord): string {
  return `${producer}:${partition}:${sequence}`;
}

/** Empty when every promise was kept. */
export function checkLog({ producers, log }: Pick<History, "producers" | "log">): Violation[] {
  return [
    ...checkOffsets("the log", log),
    ...producers.flatMap((producer) => checkProducer(producer, log)),
    ...strangers(producers, log),
  ];
}

/** Nothing compacts and nothing is transactional here, so offsets have no holes. */
export function checkOffsets(who: string, records: readonly StoredRecord[]): Violation[] {
  const next = new Map<number, number>();
  const violations: Violation[] = [];
  for (const { partition, offset } of records) {
    const expected = next.get(partition) ?? 0;
    const detail = `${who}, partition ${partition}: offset ${offset} where ${expected} was next`;
    if (offset > expected) violations.push({ fault: "skipped", detail });
    if (offset < expected) violations.push({ fault: "went back", detail });
    next.set(partition, offset + 1);
  }
  return violations;
}

function checkProducer(history: ProducerHistory, log: readonly StoredRecord[]): Violation[] {
  const violations: Violation[] = [];
  const stored = new Map<string, number>();
  const last = new Map<number, number>();
  for (const record of log) {
    if (record.producer !== history.producer) continue;
    const { partition, sequence, offset } = record;
    const name = nameOf(record);
    const before = last.get(partition) ?? -1;
    if (stored.has(name))
      violations.push({
        fault: "duplicate",
        detail: `${name} at ${stored.get(name)} and ${offset}`,
      });
    else if (sequence < before)
      violations.push({
        fault: "reordered",
        detail: `${name} at ${offset} after sequence ${before}`,
      });
    if (sequence >= (history.sent.get(partition) ?? 0))
      violations.push({ fault: "phantom", detail: `${name} at ${offset} was never sent` });
    stored.set(name, stored.get(name) ?? offset);
    last.set(partition, Math.max(before, sequence));
  }
  for (const record of history.acknowledged) {
    const name = nameOf(record);
    const offset = stored.get(name);
    if (offset === undefined)
      violations.push({ fault: "lost", detail: `${name} was acknowledged at ${record.offset}` });
    else if (offset !== record.offset)
      violations.push({
        fault: "moved",
        detail: `${name} was acknowledged at ${record.offset}, stands at ${offset}`,
      });
  }
  return violations.concat(unacknowledged(history));
}

/** The producers retry without end and were flushed: what was sent and has no outcome was lost on the way. */
function unacknowledged({ producer, sent, acknowledged }: ProducerHistory): Violation[] {
  const counts = new Map<number, number>();
  for (const { partition } of acknowledged) counts.set(partition, (counts.get(partition) ?? 0) + 1);
  return [...sent].flatMap(([partition, count]) => {
    const outcomes = counts.get(partition) ?? 0;
    if (outcomes === count) return [];
    return [
      {
        fault: "lost",
        detail: `${producer}, partition ${partition}: ${count} sent, ${outcomes} acknowledged`,
      },
    ];
  });
}

function strangers(
  producers: readonly ProducerHistory[],
  log: readonly StoredRecord[],
): Violation[] {
  const known = new Set(producers.map(({ producer }) => producer));
  return log
    .filter(({ producer }) => !known.has(producer))
    .map((record) => ({
      fault: "phantom",
      detail: `${nameOf(record)} at ${record.offset} is of no producer`,
    }));
}
