import { describe, expect, it } from "vitest";
import { decodeVersioned, encodeVersioned } from "../schema/message.ts";
import { controlRecordKey, ControlRecordType } from "./control-record-key.ts";
import { offsetsRecordTypes, readRecordType } from "./coordinator-records.ts";
import { offsetCommitKey } from "./records-offsets.ts";

describe("records of __consumer_offsets", () => {
  it("begin with their type, which is the version of the key table", () => {
    for (const [type, { key }] of offsetsRecordTypes) {
      const bytes = encodeVersioned(key, {}, type);
      expect(readRecordType(bytes)).toBe(type);
      expect(decodeVersioned(key, bytes).version).toBe(type);
    }
  });

  it("have the bytes that Kafka writes for a committed offset", () => {
    const key = encodeVersioned(offsetCommitKey, { group: "g", topic: "t", partition: 3 }, 1);
    expect(Buffer.from(key).toString("hex")).toBe("0001" + "000167" + "000174" + "00000003");
  });
});

describe("control records", () => {
  it("name their type behind a version", () => {
    const key = encodeVersioned(controlRecordKey, { type: ControlRecordType.COMMIT }, 0);
    expect([...key]).toEqual([0, 0, 0, 1]);
  });
});
