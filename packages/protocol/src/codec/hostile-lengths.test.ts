import { getHeapStatistics } from "node:v8";
import { describe, expect, it } from "vitest";
import { DecodeError } from "../errors/decode-error.ts";
import { allMessages } from "../messages/all-messages.ts";
import type { Field, Fields } from "../schema/field.ts";
import { decodeMessage, encodeMessage, type Message } from "../schema/message.ts";
import { ByteReader } from "./byte-reader.ts";
import { isPresent, isTagged, versionContext, type VersionContext } from "./layout.ts";
import { interpretDecode } from "./interpret.ts";
import { randomValues, TestRandom } from "../../test-support/random-message.ts";

const MAX_ALLOCATED_BYTES = 1024 * 1024;
const MAX_MILLISECONDS = 100;

type LengthForm = "int16" | "int32" | "varint" | "tag count" | "tag size";

interface Length {
  readonly at: number;
  readonly form: LengthForm;
  readonly sizeBytes: number;
}

/** A reader that notes where every length stands. */
class LengthFinder extends ByteReader {
  readonly lengths: Length[] = [];

  #note<T>(form: LengthForm, read: () => T, probe: () => number): T {
    const at = this.offset;
    const sizeBytes = probe();
    this.lengths.push({ at, form, sizeBytes });
    this.offset = at;
    return read();
  }

  #varintBytes(): number {
    const at = this.offset;
    super.readUnsignedVarint();
    return this.offset - at;
  }

  override readNullableString(): string | null {
    return this.#note(
      "int16",
      () => super.readNullableString(),
      () => 2,
    );
  }
  override readCompactNullableString(): string | null {
    return this.#note(
      "varint",
      () => super.readCompactNullableString(),
      () => this.#varintBytes(),
    );
  }
  override readNullableBytes(): Uint8Array | null {
    return this.#note(
      "int32",
      () => super.readNullableBytes(),
      () => 4,
    );
  }
  override readCompactNullableBytes(): Uint8Array | null {
    return this.#note(
      "varint",
      () => super.readCompactNullableBytes(),
      () => this.#varintBytes(),
    );
  }
  override readArrayLength(least: number): number {
    return this.#note(
      "int32",
      () => super.readArrayLength(least),
      () => 4,
    );
  }
  override readCompactArrayLength(least: number): number {
    return this.#note(
      "varint",
      () => super.readCompactArrayLength(least),
      () => this.#varintBytes(),
    );
  }
  override readTagCount(): number {
    return this.#note(
      "tag count",
      () => super.readTagCount(),
      () => this.#varintBytes(),
    );
  }
  override readTagEnd(): number {
    return this.#note(
      "tag size",
      () => super.readTagEnd(),
      () => this.#varintBytes(),
    );
  }
}

const INT16 = [
  [0x7f, 0xff],
  [0x80, 0x00],
  [0xff, 0xfe],
];
const INT32 = [
  [0x7f, 0xff, 0xff, 0xff],
  [0x80, 0x00, 0x00, 0x00],
  [0xff, 0xff, 0xff, 0xfe],
  [0x00, 0x0f, 0x42, 0x41],
  [0x00, 0x0f, 0x42, 0x40],
];
const VARINT = [
  [0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0x7f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0xc2, 0x84, 0x3d],
  [0xff, 0x7f],
  [0x80, 0x80, 0x80, 0x80, 0x80],
];

const HOSTILE: Readonly<Record<LengthForm, readonly number[][]>> = {
  int16: INT16,
  int32: INT32,
  varint: VARINT,
  "tag count": VARINT,
  "tag size": VARINT,
};

/** How many lengths a value holds which has one element in each array and nothing null. */
function countLengths(fields: Fields, context: VersionContext): number {
  let count = context.flexible ? 1 : 0;
  for (const field of Object.values(fields)) {
    if (!isPresent(field, context)) continue;
    count += (isTagged(field, context) ? 1 : 0) + countFieldLengths(field, context);
  }
  return count;
}

function countFieldLengths(field: Field<unknown>, context: VersionContext): number {
  switch (field.type) {
    case "string":
    case "bytes":
    case "records":
      return 1;
    case "array":
      return 1 + countFieldLengths(field.element as Field<unknown>, context);
    case "struct":
      return countLengths(field.fields ?? {}, context);
    default:
      return 0;
  }
}

function refuses(decode: () => unknown): boolean {
  try {
    decode();
    return false;
  } catch (error) {
    if (error instanceof DecodeError) return error.position >= 0;
    throw error;
  }
}

function findLengths(message: Message<unknown>, bytes: Uint8Array, version: number): Length[] {
  const finder = new LengthFinder(bytes);
  interpretDecode(message, finder, version);
  return finder.lengths;
}

/** Bytes allocated since the isolate began, whether collected since or not. */
function allocatedBytes(): number {
  const statistics: object = getHeapStatistics();
  const { total_allocated_bytes: total, external_memory: external } = statistics as {
    readonly total_allocated_bytes?: number;
    readonly external_memory: number;
  };
  if (total === undefined)
    throw new Error("this Node does not count allocated bytes; use the workspace's own");
  return total + external;
}

interface Cost {
  readonly bytes: number;
  readonly milliseconds: number;
}

/**
 * The least that an attempt cost in three runs. V8 counts whole allocation areas, and the machine
 * may be busy, so that one run alone can look dear; a true cost comes back each time.
 */
function costOf(attempt: () => void): Cost {
  const costs = Array.from({ length: 3 }, () => {
    const begin = performance.now();
    const before = allocatedBytes();
    attempt();
    return { bytes: allocatedBytes() - before, milliseconds: performance.now() - begin };
  });
  return {
    bytes: Math.min(...costs.map((cost) => cost.bytes)),
    milliseconds: Math.min(...costs.map((cost) => cost.milliseconds)),
  };
}

/** Puts each hostile length in the place of each true one. */
function attacksOn(
  bytes: Uint8Array,
  lengths: readonly Length[],
): { what: string; attack: Uint8Array }[] {
  return lengths.flatMap(({ at, form, sizeBytes }) =>
    HOSTILE[form].map((hostile) => ({
      what: `${form} at ${at} set to ${hostile}`,
      attack: Uint8Array.from([
        ...bytes.subarray(0, at),
        ...hostile,
        ...bytes.subarray(at + sizeBytes),
      ]),
    })),
  );
}

describe.each(allMessages().map((message) => ({ name: message.name, message })))(
  "$name",
  ({ message }) => {
    it("refuses a malicious length in every field of every version, at little cost", () => {
      const random = new TestRandom(1);
      for (
        let version = message.validVersions.min;
        version <= message.validVersions.max;
        version++
      ) {
        const context = versionContext(version, message.flexibleVersions);
        const value = randomValues(message.fields, context, random, { shape: "full" });
        const bytes = encodeMessage(message, value as object, version);
        const lengths = findLengths(message, bytes, version);
        expect(lengths.length, `${message.name} v${version}`).toBe(
          countLengths(message.fields, context),
        );
        decodeMessage(message, bytes, version);
        for (const { what, attack } of attacksOn(bytes, lengths)) {
          const where = `${message.name} v${version}: ${what}`;
          const cost = costOf(() => {
            expect(
              refuses(() => decodeMessage(message, attack, version)),
              where,
            ).toBe(true);
          });
          expect(cost.bytes, where).toBeLessThan(MAX_ALLOCATED_BYTES);
          expect(cost.milliseconds, where).toBeLessThan(MAX_MILLISECONDS);
        }
      }
    });
  },
);

describe("the measurement itself", () => {
  it("sees an allocation of two mebibytes", () => {
    const kept: unknown[] = [];
    const cost = costOf(() => kept.push(Array.from({ length: 256 * 1024 }).fill(1)));
    expect(cost.bytes).toBeGreaterThan(MAX_ALLOCATED_BYTES);
    expect(kept.length).toBe(3);
  });
});
