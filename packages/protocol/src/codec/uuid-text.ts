import { ZERO_UUID } from "../schema/field.ts";

/*
 * A uuid is 16 bytes on the wire and 22 characters of base64url in Kafka's text form: five groups of
 * four characters for three bytes each, and two characters for the last byte. Native calls cost more
 * than this at such a size.
 */

export const UUID_BYTES = 16;
const UUID_CHARACTERS = 22;
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const NOT_A_DIGIT = 0xff;

const DIGITS = new Uint8Array(128).fill(NOT_A_DIGIT);
for (let i = 0; i < ALPHABET.length; i++) DIGITS[ALPHABET.charCodeAt(i)] = i;

function digit(text: string, at: number): number {
  return DIGITS[text.charCodeAt(at)] ?? NOT_A_DIGIT;
}

/** Writes the bytes of a uuid; false when the text is not one. */
export function writeUuidText(text: string, target: Uint8Array, at: number): boolean {
  if (text === ZERO_UUID) {
    target.fill(0, at, at + UUID_BYTES);
    return true;
  }
  if (text.length !== UUID_CHARACTERS) return false;
  let seen = 0;
  let out = at;
  for (let i = 0; i < 20; i += 4) {
    const [a, b, c, d] = [
      digit(text, i),
      digit(text, i + 1),
      digit(text, i + 2),
      digit(text, i + 3),
    ];
    seen |= a | b | c | d;
    target[out++] = (a << 2) | (b >> 4);
    target[out++] = (b << 4) | (c >> 2);
    target[out++] = (c << 6) | d;
  }
  const [a, b] = [digit(text, 20), digit(text, 21)];
  target[out] = (a << 2) | (b >> 4);
  // Digits have six bits; only what is not a digit sets the two above.
  return ((seen | a | b) & 0xc0) === 0;
}

export function readUuidText(source: Buffer, at: number): string {
  let bits = 0;
  for (let i = at; i < at + UUID_BYTES; i++) bits |= source[i] as number;
  return bits === 0 ? ZERO_UUID : source.toString("base64url", at, at + UUID_BYTES);
}
