import { describe, expect, it } from "vitest";
import { DecodeError } from "../errors/decode-error.ts";
import { EncodeError } from "../errors/encode-error.ts";
import { f, ZERO_UUID } from "./field.ts";
import { decodeMessage, decodeVersioned, encodeMessage, encodeVersioned, message } from "./message.ts";

const probe = message({
  name: "Probe",
  validVersions: "0-2",
  flexibleVersions: "2+",
  fields: {
    name: f.string({ nullable: "1+", default: "none" }),
    id: f.uuid({ versions: "1+" }),
    parts: f.array({ versions: "1+", fields: { index: f.int32(), offset: f.int64({ default: -1n }) } }),
    detail: f.struct({ versions: "2+", tagged: "2+", tag: 3, fields: { epoch: f.int32({ default: -1 }) } }),
    note: f.string({ versions: "2+", nullable: "2+", tagged: "2+", tag: 0, default: null }),
  },
});

describe("a message", () => {
  it("gives absent fields their defaults", () => {
    const value = decodeMessage(probe, encodeMessage(probe, { name: "x" }, 0), 0);
    expect(value).toEqual({ name: "x", id: ZERO_UUID, parts: [], detail: { epoch: -1 }, note: null });
  });

  it("never shares a default array or struct between values", () => {
    const bytes = encodeMessage(probe, {}, 0);
    const [one, two] = [decodeMessage(probe, bytes, 0), decodeMessage(probe, bytes, 0)];
    expect(one.parts).not.toBe(two.parts);
    expect(one.detail).not.toBe(two.detail);
  });

  it("leaves tagged fields out that have their default, and writes the others in the order of their tags", () => {
    expect(Buffer.from(encodeMessage(probe, { detail: { epoch: -1 } }, 2)).subarray(-1).toString("hex")).toBe("00");
    const bytes = encodeMessage(probe, { detail: { epoch: 5 }, note: "n" }, 2);
    expect(Buffer.from(bytes).subarray(-12).toString("hex")).toBe("020002026e03050000000500");
  });

  it("skips tagged fields of a later time", () => {
    const bytes = encodeMessage(probe, {}, 2);
    const later = Uint8Array.from([...bytes.subarray(0, -1), 1, 99, 3, 1, 2, 3]);
    expect(decodeMessage(probe, later, 2)).toEqual(decodeMessage(probe, bytes, 2));
  });

  it("refuses a known tagged field whose size is not its own", () => {
    const bytes = encodeMessage(probe, {}, 2);
    const wrong = Uint8Array.from([...bytes.subarray(0, -1), 1, 0, 4, 2, 97, 0, 0]);
    expect(() => decodeMessage(probe, wrong, 2)).toThrow(DecodeError);
  });

  it("refuses null where a version does not have it", () => {
    expect(() => encodeMessage(probe, { name: null }, 0)).toThrow("Probe.name is null, which version 0 does not allow");
    expect(() => encodeMessage(probe, { name: null }, 0)).toThrow(EncodeError);
    expect(decodeMessage(probe, encodeMessage(probe, { name: null }, 1), 1).name).toBe(null);
  });

  it("refuses bytes that are left over", () => {
    const bytes = encodeMessage(probe, {}, 0);
    expect(() => decodeMessage(probe, Uint8Array.from([...bytes, 0]), 0)).toThrow("1 bytes are left over");
  });

  it("carries its version in front where records do", () => {
    const bytes = encodeVersioned(probe, { name: "x" }, 1);
    expect([...bytes.subarray(0, 2)]).toEqual([0, 1]);
    expect(decodeVersioned(probe, bytes)).toMatchObject({ version: 1, value: { name: "x" } });
    expect(() => decodeVersioned(probe, Uint8Array.from([0, 9, 0]))).toThrow(DecodeError);
  });
});

describe("a table", () => {
  const define = (fields: Parameters<typeof message>[0]["fields"]) => () =>
    message({ name: "Bad", validVersions: "0-1", flexibleVersions: "1+", fields });

  it.each([
    ["a name that is not an identifier", define({ "a; process.exit()": f.int8() })],
    ["the same tag twice", define({ a: f.int8({ tagged: "1+", tag: 0 }), b: f.int8({ tagged: "1+", tag: 0 }) })],
    ["a tag without versions", define({ a: f.int8({ tag: 0 }) })],
    ["a tagged field before the message is flexible", define({ a: f.int8({ tagged: "0+", tag: 0 }) })],
    ["an array of arrays", define({ a: f.array({ of: f.array({ of: f.int8() }) }) })],
    ["a fault within a struct", define({ a: f.struct({ fields: { "b c": f.int8() } }) })],
  ])("is refused with %s", (_what, create) => {
    expect(create).toThrow(TypeError);
  });

  it("is refused with versions that are none", () => {
    expect(() => f.int8({ versions: "3-1" })).toThrow(TypeError);
    expect(() => f.int8({ versions: "x" })).toThrow(TypeError);
  });
});
