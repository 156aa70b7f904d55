import { isDeepStrictEqual } from "node:util";
import { DecodeError } from "../src/errors/decode-error.ts";
import { EncodeError } from "../src/errors/encode-error.ts";

/** What an attempt came to: a value, or a refusal of the kind that callers are promised. */
export type Outcome = { readonly value: unknown } | { readonly refused: string };

/** Runs an attempt; any exception but the two of the codec is a failure of the test. */
export function outcomeOf(attempt: () => unknown): Outcome {
  try {
    return { value: attempt() };
  } catch (error) {
    if (error instanceof DecodeError || error instanceof EncodeError)
      return { refused: error.name };
    throw error;
  }
}

export function expectSame(actual: unknown, expected: unknown, what: () => string): void {
  if (isDeepStrictEqual(actual, expected)) return;
  throw new Error(`${what()}\n  actual:   ${show(actual)}\n  expected: ${show(expected)}`);
}

function show(value: unknown): string {
  const text = JSON.stringify(value, (_, member: unknown) => {
    if (typeof member === "bigint") return `${member}n`;
    return member instanceof Uint8Array ? `hex ${Buffer.from(member).toString("hex")}` : member;
  });
  return (text ?? "undefined").slice(0, 4000);
}
