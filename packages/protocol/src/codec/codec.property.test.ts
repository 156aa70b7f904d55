import { describe, expect, it } from "vitest";
import { allMessages } from "../messages/all-messages.ts";
import { decodeMessage, type Message } from "../schema/message.ts";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { interpretDecode, interpretEncode } from "./interpret.ts";
import { versionContext } from "./layout.ts";
import { expectSame, outcomeOf } from "../../test-support/outcome.ts";
import { randomValues, TestRandom, testSeed, withGaps } from "../../test-support/random-message.ts";

const VALUES_PER_VERSION = 20;
const MUTATIONS_PER_VALUE = 60;

const seed = testSeed();
console.log(
  `codec property tests: OTTLA_SEED=${seed} npx vitest run src/codec/codec.property.test.ts`,
);

function versionsOf(message: Message<unknown>): number[] {
  const { min, max } = message.validVersions;
  return Array.from({ length: max - min + 1 }, (_, i) => min + i);
}

function encodeCompiled(message: Message<unknown>, value: unknown, version: number): Uint8Array {
  const writer = new ByteWriter();
  message.encode(writer, value as object, version);
  return writer.toUint8Array();
}

function encodeInterpreted(message: Message<unknown>, value: unknown, version: number): Uint8Array {
  const writer = new ByteWriter();
  interpretEncode(message, writer, value, version);
  return writer.toUint8Array();
}

function decodeInterpreted(message: Message<unknown>, bytes: Uint8Array, version: number): unknown {
  const reader = new ByteReader(bytes);
  const value = interpretDecode(message, reader, version);
  reader.expectEnd();
  return value;
}

/** A copy of the bytes, cut short, flipped, overwritten or lengthened somewhere. */
function mutate(bytes: Uint8Array, random: TestRandom): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const at = random.below(bytes.length + 1);
  switch (random.below(5)) {
    case 0:
      return copy.subarray(0, at);
    case 1:
      return Uint8Array.from([...copy.subarray(0, at), random.below(256), ...copy.subarray(at)]);
    case 2:
      copy.set([0xff, 0xff, 0xff, 0xff, 0x0f].slice(0, Math.max(0, copy.length - at)), at);
      return copy;
    default:
      if (at < copy.length) copy[at] = (copy[at] as number) ^ (1 << random.below(8));
      return copy;
  }
}

describe.each(allMessages().map((message) => ({ name: message.name, message })))(
  "$name",
  ({ message }) => {
    const random = new TestRandom(seed);

    it("comes back as it was, in every version and from both codecs", () => {
      for (const version of versionsOf(message)) {
        const context = versionContext(version, message.flexibleVersions);
        for (let i = 0; i < VALUES_PER_VERSION; i++) {
          const shape = i === 0 ? "full" : "any";
          const value = randomValues(message.fields, context, random, { shape });
          const bytes = encodeCompiled(message, value, version);
          const what = (part: string) => () => `${message.name} v${version}, seed ${seed}: ${part}`;
          expectSame(encodeInterpreted(message, value, version), bytes, what("encoders differ"));
          expectSame(decodeMessage(message, bytes, version), value, what("decoded value differs"));
          expectSame(
            decodeInterpreted(message, bytes, version),
            value,
            what("interpreted value differs"),
          );
        }
      }
    });

    it("is encoded alike by both codecs when members are left out", () => {
      for (const version of versionsOf(message)) {
        const context = versionContext(version, message.flexibleVersions);
        for (let i = 0; i < VALUES_PER_VERSION; i++) {
          const value = withGaps(
            randomValues(message.fields, context, random, { shape: "any" }),
            random,
          );
          const compiled = outcomeOf(() => encodeCompiled(message, value, version));
          const interpreted = outcomeOf(() => encodeInterpreted(message, value, version));
          expectSame(
            compiled,
            interpreted,
            () =>
              `${message.name} v${version}, seed ${seed}: ${JSON.stringify(Object.keys(value as object))}`,
          );
        }
      }
    });

    it("is refused or read alike by both codecs when bytes are damaged", () => {
      for (const version of versionsOf(message)) {
        const context = versionContext(version, message.flexibleVersions);
        const value = randomValues(message.fields, context, random, { shape: "any" });
        const bytes = encodeCompiled(message, value, version);
        for (let i = 0; i < MUTATIONS_PER_VALUE; i++) {
          const damaged = mutate(bytes, random);
          const compiled = outcomeOf(() => decodeMessage(message, damaged, version));
          const interpreted = outcomeOf(() => decodeInterpreted(message, damaged, version));
          const what = () =>
            `${message.name} v${version}, seed ${seed}: ${Buffer.from(damaged).toString("hex")}`;
          expectSame(compiled, interpreted, what);
        }
      }
    });

    it("refuses versions outside of its range", () => {
      expect(() =>
        message.decode(new ByteReader(new Uint8Array(64)), message.validVersions.max + 1),
      ).toThrow(RangeError);
      expect(() => message.encode(new ByteWriter(), {}, -1)).toThrow(RangeError);
    });
  },
);
