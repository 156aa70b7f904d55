// Records chosen for what encoders get wrong: bytes that are no UTF-8, empty against null, repeated header
// names, a value larger than any internal chunk, and timestamps that run backwards inside one batch.
import assert from "node:assert/strict";

export interface SampleRecord {
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly (readonly [string, Buffer])[];
  readonly timestamp: number;
}

const BASE_TIMESTAMP = Date.UTC(2024, 1, 29, 12, 0, 0, 123);
const LARGE_VALUE_BYTES = 200_000;

export function allBytes(): Buffer {
  return Buffer.from(Array.from({ length: 256 }, (_, index) => index));
}

/** Compressible in part: a pattern with a counter, so that every codec has matches and literals to write. */
function largeValue(seed: number): Buffer {
  const value = Buffer.alloc(LARGE_VALUE_BYTES);
  for (let index = 0; index < value.length; index += 1) {
    value[index] = index % 7 === 0 ? (index * 31 + seed) & 0xff : index & 0x0f;
  }
  return value;
}

export function sampleRecords(seed: number): SampleRecord[] {
  const at = (offsetMs: number) => BASE_TIMESTAMP + seed * 1_000 + offsetMs;
  return [
    {
      key: Buffer.from(`key-${seed}`),
      value: Buffer.from("plain text"),
      headers: [],
      timestamp: at(0),
    },
    {
      key: allBytes(),
      value: allBytes().reverse(),
      headers: [["raw", allBytes()]],
      timestamp: at(5),
    },
    {
      key: null,
      value: Buffer.from("no key"),
      headers: [["empty", Buffer.alloc(0)]],
      timestamp: at(-40),
    },
    {
      key: Buffer.from("tombstone"),
      value: null,
      headers: [["why", Buffer.from("gone")]],
      timestamp: at(7),
    },
    { key: Buffer.from("empty"), value: Buffer.alloc(0), headers: [], timestamp: at(8) },
    {
      key: Buffer.from("große 💧 键"),
      value: Buffer.from("š"),
      headers: [["ključ", Buffer.from("ž")]],
      timestamp: at(9),
    },
    { key: Buffer.from("large"), value: largeValue(seed), headers: [], timestamp: at(3_600_000) },
  ];
}

/** Compares as hexadecimal text, because assert prints that readably and tells null from empty. */
export function assertSameRecords(
  actual: readonly SampleRecord[],
  expected: readonly SampleRecord[],
): void {
  const readable = (record: SampleRecord) => ({
    key: record.key?.toString("hex") ?? null,
    value: record.value?.toString("hex") ?? null,
    headers: record.headers.map(([name, value]) => `${name}=${value.toString("hex")}`),
    timestamp: record.timestamp,
  });
  assert.equal(actual.length, expected.length, "number of records");
  for (const [index, record] of expected.entries()) {
    assert.deepEqual(readable(actual[index]!), readable(record), `record ${index}`);
  }
}
