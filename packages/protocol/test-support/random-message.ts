import type { Field, Fields } from "../src/schema/field.ts";
import {
  defaultValue,
  isNullable,
  isPresent,
  isTagged,
  type VersionContext,
} from "../src/codec/layout.ts";

/** A seeded source of random numbers, so that a failing test can be run again. */
export class TestRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  uint32(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  }

  below(limit: number): number {
    return this.uint32() % limit;
  }

  chance(oneIn: number): boolean {
    return this.below(oneIn) === 0;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}

/** The seed of this run: OTTLA_SEED, or a new one. */
export function testSeed(): number {
  const given = process.env["OTTLA_SEED"];
  return given === undefined ? Number(process.hrtime.bigint() & 0x7fff_ffffn) : Number(given);
}

export interface RandomShape {
  /** "full" has every tagged field set, nothing null and exactly one element in each array. */
  readonly shape: "any" | "full";
}

type Values = Record<string, unknown>;

/** A legal value for one version of a set of fields; absent fields hold their default. */
export function randomValues(
  fields: Fields,
  context: VersionContext,
  random: TestRandom,
  options: RandomShape,
): Values {
  const values: Values = {};
  for (const [name, field] of Object.entries(fields)) {
    values[name] = isPresent(field, context)
      ? randomField(field, context, random, options)
      : defaultValue(field);
  }
  return values;
}

function randomField(
  field: Field<unknown>,
  context: VersionContext,
  random: TestRandom,
  options: RandomShape,
): unknown {
  const mayVary = options.shape === "any";
  if (mayVary && isNullable(field, context) && random.chance(4)) return null;
  if (mayVary && isTagged(field, context) && random.chance(3)) return defaultValue(field);
  switch (field.type) {
    case "array": {
      const element = field.element as Field<unknown>;
      const length = mayVary ? random.pick([0, 1, 1, 2, 3]) : 1;
      return Array.from({ length }, () => randomField(element, context, random, options));
    }
    case "struct":
      return randomValues(field.fields ?? {}, context, random, options);
    case "string":
      return randomString(random, mayVary);
    case "bytes":
    case "records":
      return random.bytes(mayVary ? random.pick([0, 1, 5, 40, 200]) : 3);
    default:
      return randomScalar(field, random);
  }
}

const TEXTS = [
  "",
  "a",
  "topic-1",
  "__proto__",
  "größe",
  "日本語のトピック",
  "🙂",
  "x".repeat(140),
  "ö".repeat(70),
];

function randomString(random: TestRandom, mayBeEmpty: boolean): string {
  return mayBeEmpty ? random.pick(TEXTS) : `s${random.below(1000)}`;
}

function randomScalar(field: Field<unknown>, random: TestRandom): unknown {
  switch (field.type) {
    case "bool":
      return field.default === false ? true : random.chance(2);
    case "int8":
      return random.pick([-128, -2, 1, 3, 127]);
    case "int16":
      return random.pick([-32768, -2, 2, 300, 32767]);
    case "uint16":
      return random.pick([1, 9092, 65535]);
    case "int32":
      return random.pick([-2147483648, -2, 3, 70000, 2147483647, random.uint32() | 0]);
    case "int64":
      return random.pick([-(2n ** 63n), -2n, 5n, 2n ** 40n, 2n ** 63n - 2n]);
    case "float64":
      return random.pick([-1.5, 0.1, 1e300, Number.POSITIVE_INFINITY]);
    default:
      return Buffer.from(random.bytes(16)).toString("base64url");
  }
}

/** Leaves out members at random, as callers do who rely on defaults. */
export function withGaps(value: unknown, random: TestRandom): unknown {
  if (Array.isArray(value)) return value.map((element) => withGaps(element, random));
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  const kept = Object.entries(value).filter(() => !random.chance(4));
  return Object.fromEntries(kept.map(([name, member]) => [name, withGaps(member, random)]));
}
