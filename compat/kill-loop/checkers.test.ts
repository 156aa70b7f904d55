import { describe, expect, test } from "vitest";
import { checkGroup, checkReader } from "./check-consumers.ts";
import { checkLog, type Fault, type Violation } from "./check-log.ts";
import {
  parseMember,
  parseProducer,
  parseReader,
  type GroupEvent,
  type ProducerHistory,
  type StoredRecord,
} from "./history.ts";

/** Two producers take turns in two partitions. */
function soundLog(): StoredRecord[] {
  return [0, 1].flatMap((partition) =>
    Array.from({ length: 8 }, (_, offset) => ({
      partition,
      offset,
      producer: offset % 2 === 0 ? "a" : "b",
      sequence: Math.floor(offset / 2),
    })),
  );
}

function historiesOf(log: readonly StoredRecord[]): ProducerHistory[] {
  return ["a", "b"].map((producer) => ({
    producer,
    acknowledged: log.filter((record) => record.producer === producer),
    sent: new Map([
      [0, 4],
      [1, 4],
    ]),
  }));
}

function faultsOf(violations: readonly Violation[]): Fault[] {
  return [...new Set(violations.map(({ fault }) => fault))];
}

/** Puts offsets in order again, so that only the fault under test is there. */
function renumbered(log: readonly StoredRecord[]): StoredRecord[] {
  const next = new Map<number, number>();
  return log.map((record) => {
    const offset = next.get(record.partition) ?? 0;
    next.set(record.partition, offset + 1);
    return { ...record, offset };
  });
}

describe("the checker of the log", () => {
  const sound = soundLog();
  const producers = historiesOf(sound);
  const check = (log: readonly StoredRecord[]) => faultsOf(checkLog({ producers, log }));

  test("finds nothing in a sound log", () => {
    expect(check(sound)).toEqual([]);
  });

  test.each(sound.map((_, index) => index))(
    "sees that record %i was lost, with and without a hole in the offsets",
    (index) => {
      expect(check(sound.toSpliced(index, 1))).toContain("lost");
      expect(check(renumbered(sound.toSpliced(index, 1)))).toContain("lost");
    },
  );

  test.each(sound.map((_, index) => index))("sees that record %i stands there twice", (index) => {
    expect(check(renumbered(sound.toSpliced(index, 0, sound[index]!)))).toContain("duplicate");
    const later = sound.toSpliced(sound[index]!.partition === 0 ? 8 : 16, 0, sound[index]!);
    expect(check(renumbered(later))).toContain("duplicate");
  });

  test.each([0, 1, 4, 5, 8, 13])(
    "sees that record %i changed places with the next of its producer",
    (index) => {
      const swapped = sound.with(index, sound[index + 2]!).with(index + 2, sound[index]!);
      expect(check(renumbered(swapped))).toEqual(expect.arrayContaining(["reordered", "moved"]));
    },
  );

  test("sees records that nobody sent", () => {
    const own = { partition: 0, offset: 8, producer: "a", sequence: 4 };
    expect(check([...sound.slice(0, 8), own, ...sound.slice(8)])).toEqual(["phantom"]);
    expect(check([...sound.slice(0, 8), { ...own, producer: "c" }, ...sound.slice(8)])).toEqual([
      "phantom",
    ]);
  });

  test("sees a hole in the offsets, and an offset that comes twice", () => {
    expect(check(sound.with(7, { ...sound[7]!, offset: 9 }))).toContain("skipped");
    expect(check(sound.with(7, { ...sound[7]!, offset: 6 }))).toContain("went back");
  });

  test("sees that a record stands elsewhere than its acknowledgement said", () => {
    const acknowledged = producers[0]!.acknowledged.with(0, {
      ...producers[0]!.acknowledged[0]!,
      offset: 2,
    });
    expect(
      faultsOf(
        checkLog({ producers: [{ ...producers[0]!, acknowledged }, producers[1]!], log: sound }),
      ),
    ).toEqual(["moved"]);
  });

  test("sees that a record has no outcome", () => {
    const acknowledged = producers[0]!.acknowledged.slice(1);
    expect(
      faultsOf(
        checkLog({ producers: [{ ...producers[0]!, acknowledged }, producers[1]!], log: sound }),
      ),
    ).toEqual(["lost"]);
  });
});

describe("the checker of the reader", () => {
  const log = soundLog();
  test.each<[string, readonly StoredRecord[], readonly Fault[]]>([
    ["nothing in a reader that saw the log", log, []],
    ["one that skipped", log.toSpliced(3, 1), ["skipped"]],
    ["one that stopped early", log.slice(0, -1), ["skipped"]],
    ["one that went back", log.toSpliced(4, 0, log[3]!), ["went back"]],
    [
      "one that saw what is not there any more",
      [...log, { partition: 1, offset: 8, producer: "a", sequence: 4 }],
      ["differs"],
    ],
    ["one that saw another record", log.with(2, { ...log[2]!, sequence: 3 }), ["differs"]],
  ])("finds %s", (_what, reader, faults) => {
    expect(faultsOf(checkReader({ reader, log }))).toEqual(faults);
  });
});

describe("the checker of the group", () => {
  const log = soundLog().filter(({ partition }) => partition === 0);
  /** `m:assigned`, `m:5` for a record read, `m:c5` for a commit, all in partition 0. */
  const events = (text: string): GroupEvent[] =>
    text.split(" ").map((word, index): GroupEvent => {
      const [member, what] = word.split(":") as [string, string];
      const common = { atNs: BigInt(index), member, partition: 0 };
      if (what === "assigned") return { ...common, kind: "assigned" };
      return what.startsWith("c")
        ? { ...common, kind: "committed", offset: Number(what.slice(1)) }
        : { ...common, kind: "read", offset: Number(what) };
    });

  test.each<[string, string, readonly Fault[]]>([
    [
      "nothing in a group that goes on after each commit",
      "m:assigned m:0 m:1 m:2 m:c3 n:assigned n:3 n:4 n:5 n:6 n:7",
      [],
    ],
    [
      "nothing in a group that repeats what was not committed",
      "m:assigned m:0 m:1 m:c2 m:2 m:3 n:assigned n:2 n:3 n:4 n:5 n:6 n:7",
      [],
    ],
    [
      "nothing in what a member reads that has lost the partition",
      "m:assigned m:0 m:1 m:c2 n:assigned m:2 n:2 n:3 n:4 n:5 n:6 n:7",
      [],
    ],
    ["a skip within an assignment", "m:assigned m:0 m:1 m:3 m:4 m:5 m:6 m:7", ["skipped"]],
    [
      "a step back within an assignment",
      "m:assigned m:0 m:1 m:2 m:1 m:2 m:3 m:4 m:5 m:6 m:7",
      ["went back"],
    ],
    ["a skip at a rebalance", "m:assigned m:0 m:1 n:assigned n:3 n:4 n:5 n:6 n:7", ["skipped"]],
    [
      "a commit that was lost",
      "m:assigned m:0 m:1 m:2 m:c3 n:assigned n:2 n:3 n:4 n:5 n:6 n:7",
      ["went back"],
    ],
    ["a group that stands still", "m:assigned m:0 m:1 m:2", ["skipped"]],
  ])("finds %s", (_what, text, faults) => {
    expect(faultsOf(checkGroup(events(text), log))).toEqual(faults);
  });

  test("orders the events of several members by their time", () => {
    const inOrder = events("m:assigned m:0 m:1 m:2 m:c3 n:assigned n:3 n:4 n:5 n:6 n:7");
    expect(checkGroup([...inOrder.slice(5), ...inOrder.slice(0, 5)], log)).toEqual([]);
  });
});

describe("the lines of the workers", () => {
  test("become acknowledgements, records and events", () => {
    expect(parseProducer("a", ["acked 0 5 12", "sent 0 6"])).toEqual({
      producer: "a",
      acknowledged: [{ partition: 0, sequence: 5, offset: 12, producer: "a" }],
      sent: new Map([[0, 6]]),
    });
    expect(parseReader(["record 1 7 zstd 3", "end 1 8"])).toEqual([
      { partition: 1, offset: 7, producer: "zstd", sequence: 3 },
    ]);
    expect(parseMember("m", ["10 assigned 2", "11 read 2 0", "12 committed 2 1"])).toEqual([
      { atNs: 10n, member: "m", kind: "assigned", partition: 2 },
      { atNs: 11n, member: "m", kind: "read", partition: 2, offset: 0 },
      { atNs: 12n, member: "m", kind: "committed", partition: 2, offset: 1 },
    ]);
  });

  test("are refused when a worker says something else", () => {
    expect(() => parseProducer("a", ["failed a reason"])).toThrow("a reason");
    expect(() => parseReader(["failed a reason"])).toThrow("a reason");
  });
});
