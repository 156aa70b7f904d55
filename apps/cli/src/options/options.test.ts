import { expect, test } from "vitest";
import { toYaml } from "../output/yaml.ts";
import { alignColumns } from "../output/columns.ts";
import { formatBytes } from "../output/progress.ts";
import { parseOffsets, targetOfFlags } from "../groups/reset-target.ts";
import { compileTopicPattern } from "../topics/topic-pattern.ts";
import { consumerOptions, producerOptions } from "./client-settings.ts";
import { parseIsoDuration } from "./instants.ts";
import { parseProperties } from "./properties-file.ts";

const flags = { bootstrapServer: "h:1" };

test("property files are read as Java writes them", () => {
  const text = "# comment\n! another\n a = 1 \nb:2\nc 3\nd=x\\\n   y\ne\\ f=\\u00e9\\t\nempty=\n";
  expect(Object.fromEntries(parseProperties(text))).toEqual({
    a: "1 ",
    b: "2",
    c: "3",
    d: "xy",
    "e f": "é\t",
    empty: "",
  });
});

test("Kafka's client settings become options of the client, and one flag wins over another that came before", () => {
  const more = new Map([
    ["linger.ms", "5"],
    ["acks", "1"],
    ["compression.type", "lz4"],
    ["enable.idempotence", "false"],
  ]);
  expect(producerOptions({ ...flags, commandProperty: ["linger.ms=3"] }, more)).toMatchObject({
    bootstrapServers: "h:1",
    lingerMs: 5,
    acks: 1,
    compression: "lz4",
    idempotent: false,
  });
  expect(
    consumerOptions({ ...flags, commandProperty: ["auto.offset.reset=earliest"] }),
  ).toMatchObject({ autoOffsetReset: "earliest" });
});

test("a client setting that would have no effect is refused", () => {
  expect(() => producerOptions(flags, new Map([["transactional.id", "x"]]))).toThrow(
    "client setting transactional.id is not supported",
  );
  expect(() => producerOptions(flags, new Map([["security.protocol", "SSL"]]))).toThrow(
    "can only be PLAINTEXT here",
  );
  expect(() => producerOptions(flags, new Map([["linger.ms", "soon"]]))).toThrow(
    "must be a whole number",
  );
  expect(() => consumerOptions(flags, new Map([["toString", "x"]]))).toThrow(
    "client setting toString is not supported",
  );
});

test("durations are ISO 8601 with days and time", () => {
  expect(parseIsoDuration("P1DT2H3M4.5S")).toBe(93_784_500);
  expect(parseIsoDuration("PT5M")).toBe(300_000);
  for (const wrong of ["P", "PT", "5M", "P1Y"])
    expect(parseIsoDuration(wrong), wrong).toBeUndefined();
});

test("a reset goes to exactly one place", () => {
  expect(targetOfFlags({ shiftBy: -3 }, "g", 0)).toEqual({ kind: "shift", by: -3 });
  expect(targetOfFlags({ byDuration: "PT1M" }, "g", 100_000)).toEqual({
    kind: "timestamp",
    timestampMs: 40_000,
  });
  expect(() => targetOfFlags({}, "g", 0)).toThrow("exactly one of");
  expect(() => targetOfFlags({ toLatest: true, toOffset: 1 }, "g", 0)).toThrow("exactly one of");
});

test("a file of offsets may name groups, and others than ours are left alone", () => {
  expect([...parseOffsets('t,0,5\n"t",1,6\ng,u,2,7\nother,u,3,8\n', "g", "f")]).toEqual([
    ["t/0", 5],
    ["t/1", 6],
    ["u/2", 7],
  ]);
  expect(() => parseOffsets("nonsense", "g", "f.csv")).toThrow(
    'f.csv, line 1: "nonsense" is not topic,partition,offset',
  );
});

test("a topic filter is a regular expression for the whole name, with commas for alternatives", () => {
  const pattern = compileTopicPattern("orders, pay.*");
  expect(["orders", "payments", "orders2", "repay"].map((name) => pattern.test(name))).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect(() => compileTopicPattern("(")).toThrow("is no regular expression");
});

test("YAML quotes what would be read as something else than text", () => {
  expect(
    toYaml({ a: [1, "x", "true", "- b", ""], none: [], nested: { id: null, "k: v": "1", y: 2 } }),
  ).toBe(
    'a:\n  - 1\n  - x\n  - "true"\n  - "- b"\n  - ""\nnone: []\nnested:\n  id: null\n  "k: v": "1"\n  "y": 2\n',
  );
  expect(toYaml([{ a: 1, b: [{ c: 2 }] }])).toBe("- a: 1\n  b:\n    - c: 2\n");
});

test("columns are as wide as their widest cell, and sizes are short", () => {
  expect(
    alignColumns(
      [
        ["A", "B"],
        ["long", "x"],
      ],
      { minWidths: [0, 5] },
    ),
  ).toEqual(["A    B", "long x"]);
  expect([formatBytes(1_023), formatBytes(1_536), formatBytes(150 * 1024 ** 2)]).toEqual([
    "1023 B",
    "1.5 KiB",
    "150 MiB",
  ]);
});
