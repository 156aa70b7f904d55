import type { ConsumerRecord } from "@ottla/client";
import { expect, test } from "vitest";
import { formatStringFormatter, jsonFormatter } from "./format-string.ts";
import { kafkaFormatter } from "./kafka-formatter.ts";
import { parseStartOffset } from "./start-offset.ts";

const record = {
  topic: "t",
  partition: 3,
  offset: 42,
  timestamp: 1_700_000_000_000,
  key: Buffer.from("k"),
  value: null,
  headers: [
    { key: "h", value: Buffer.from("1") },
    { key: "n", value: null },
  ],
  leaderEpoch: 0,
} as unknown as ConsumerRecord;

test("a format string has a placeholder for everything in a record", () => {
  expect(
    formatStringFormatter("%t/%p@%o %T %k(%K)=%v(%V) [%h] 100%%\\t\\x41\\n")(record).toString(),
  ).toBe("t/3@42 1700000000000 k(1)=(-1) [h=1,n=NULL] 100%\tA\n");
});

test("a placeholder that stands for nothing is refused, also a lone percent sign", () => {
  expect(() => formatStringFormatter("%x")).toThrow('"%x" in the format stands for nothing');
  expect(() => formatStringFormatter("50%")).toThrow('"%" in the format stands for nothing');
});

test("JSON keeps null apart from empty, and gives bytes that are no text in base64", () => {
  const binary = { ...record, key: Buffer.from([0xff]), value: Buffer.alloc(0) };
  expect(JSON.parse(jsonFormatter(binary).toString())).toMatchObject({
    keyBase64: "/w==",
    value: "",
    headers: [
      { key: "h", value: "1" },
      { key: "n", value: null },
    ],
  });
});

test("Kafka's formatter prints its fields in Kafka's order, whatever the order of the properties", () => {
  const names = ["key", "headers", "epoch", "offset", "partition", "timestamp"];
  const format = kafkaFormatter(new Map(names.map((name) => [`print.${name}`, "true"])));
  expect(format(record).toString()).toBe(
    "CreateTime:1700000000000\tPartition:3\tOffset:42\tEpoch:0\th:1,n:null\tk\tnull\n",
  );
  expect(kafkaFormatter(new Map([["print.value", "false"]]))(record).toString()).toBe("");
});

test("a place to start is a word, an offset, the last N, or a time", () => {
  const nowMs = Date.UTC(2026, 0, 31, 12);
  expect(parseStartOffset("beginning", nowMs)).toEqual({ kind: "beginning" });
  expect(parseStartOffset("17", nowMs)).toEqual({ kind: "offset", offset: 17 });
  expect(parseStartOffset("-5", nowMs)).toEqual({ kind: "last", count: 5 });
  expect(parseStartOffset("@-1h", nowMs)).toEqual({
    kind: "timestamp",
    timestampMs: Date.UTC(2026, 0, 31, 11),
  });
  expect(parseStartOffset("@2026-01-31T12:00:00", nowMs)).toEqual({
    kind: "timestamp",
    timestampMs: nowMs,
  });
  expect(parseStartOffset("@2026-01-31T13:00:00+0100", nowMs)).toEqual({
    kind: "timestamp",
    timestampMs: nowMs,
  });
  expect(() => parseStartOffset("@yesterday", nowMs)).toThrow("is no place to start");
});
