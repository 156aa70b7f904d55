import type { ConsumerRecord } from "@ottla/client";
import { isUtf8 } from "node:buffer";
import { UsageError } from "../failure/exit.ts";
import { unescapeText } from "../options/escapes.ts";
import { asBuffer, type RecordFormatter } from "./kafka-formatter.ts";

const EMPTY = Buffer.alloc(0);

const PLACEHOLDERS: Readonly<Record<string, RecordFormatter>> = {
  k: ({ key }) => (key === null ? EMPTY : asBuffer(key)),
  v: ({ value }) => (value === null ? EMPTY : asBuffer(value)),
  K: ({ key }) => Buffer.from(String(key?.length ?? -1)),
  V: ({ value }) => Buffer.from(String(value?.length ?? -1)),
  S: ({ value }) => Buffer.from(String(value?.length ?? -1)),
  o: ({ offset }) => Buffer.from(String(offset)),
  p: ({ partition }) => Buffer.from(String(partition)),
  t: ({ topic }) => Buffer.from(topic),
  T: ({ timestamp }) => Buffer.from(String(timestamp)),
  h: ({ headers }) =>
    Buffer.concat(
      headers.flatMap(({ key, value }, index) => [
        Buffer.from(`${index > 0 ? "," : ""}${key}=`),
        value === null ? Buffer.from("NULL") : asBuffer(value),
      ]),
    ),
  "%": () => Buffer.from("%"),
};

/** What `%` and a letter stand for; in the help text. */
export const PLACEHOLDER_HELP =
  "%k key, %v value, %o offset, %p partition, %t topic, %T timestamp in ms, %h headers, %K and %V their lengths (-1: null), %% a percent sign";

/** Compiles a format such as `%o %k=%v\n`. */
export function formatStringFormatter(format: string): RecordFormatter {
  const parts: RecordFormatter[] = [];
  for (const [, letter, text] of format.matchAll(/%([\s\S]?)|([^%]+)/g)) {
    if (text !== undefined) {
      const bytes = Buffer.from(unescapeText(text));
      parts.push(() => bytes);
      continue;
    }
    const placeholder = Object.hasOwn(PLACEHOLDERS, letter ?? "")
      ? PLACEHOLDERS[letter ?? ""]
      : undefined;
    if (placeholder === undefined)
      throw new UsageError(
        `"%${letter ?? ""}" in the format stands for nothing; known are ${PLACEHOLDER_HELP}`,
      );
    parts.push(placeholder);
  }
  return (record) => Buffer.concat(parts.map((part) => part(record)));
}

/** One JSON object per line. Bytes that are no UTF-8 text are given in base64 under another name. */
export function jsonFormatter(record: ConsumerRecord): Buffer {
  const { topic, partition, offset, timestamp, headers } = record;
  const shown = {
    topic,
    partition,
    offset,
    timestamp,
    ...textOrBase64("key", record.key),
    ...textOrBase64("value", record.value),
    headers: headers.map(({ key, value }) => ({ key, ...textOrBase64("value", value) })),
  };
  return Buffer.from(`${JSON.stringify(shown)}\n`);
}

function textOrBase64(name: string, bytes: Uint8Array | null): Record<string, string | null> {
  if (bytes === null) return { [name]: null };
  return isUtf8(bytes)
    ? { [name]: asBuffer(bytes).toString() }
    : { [`${name}Base64`]: asBuffer(bytes).toString("base64") };
}
