import type { ConsumerRecord } from "@ottla/client";
import { UsageError } from "../failure/exit.ts";
import { didYouMean } from "../options/nearest-name.ts";
import type { Properties } from "../options/properties-file.ts";

/** Turns one record into the bytes that are printed for it. */
export type RecordFormatter = (record: ConsumerRecord) => Buffer;

const DEFAULTS = {
  "print.timestamp": "false",
  "print.key": "false",
  "print.offset": "false",
  "print.delivery": "false",
  "print.epoch": "false",
  "print.partition": "false",
  "print.headers": "false",
  "print.value": "true",
  "key.separator": "\t",
  "line.separator": "\n",
  "headers.separator": ",",
  "null.literal": "null",
} as const;
type Name = keyof typeof DEFAULTS;

const NO_DESERIALIZER = new Set(["key.deserializer", "value.deserializer", "headers.deserializer"]);

/** Prints records as the default formatter of Kafka's console consumer does, with its properties. */
export function kafkaFormatter(properties: Properties): RecordFormatter {
  for (const name of properties.keys()) {
    if (NO_DESERIALIZER.has(name))
      throw new UsageError(
        `formatter property ${name} is not supported: Java classes cannot be loaded here`,
      );
    if (!Object.hasOwn(DEFAULTS, name))
      throw new UsageError(
        `formatter property ${name} is not supported${didYouMean(name, Object.keys(DEFAULTS))}`,
      );
  }
  const valueOf = (name: Name): string => properties.get(name) ?? DEFAULTS[name];
  const isTrue = (name: Name): boolean => valueOf(name).trim().toLowerCase() === "true";
  if (isTrue("print.delivery"))
    throw new UsageError("formatter property print.delivery is for share groups only");
  const nullLiteral = Buffer.from(valueOf("null.literal"));
  const separators = {
    key: Buffer.from(valueOf("key.separator")),
    headers: Buffer.from(valueOf("headers.separator")),
  };
  const lineEnd = Buffer.from(valueOf("line.separator"));
  const fields = fieldsOf({ isTrue, nullLiteral, headersSeparator: separators.headers });
  if (fields.length === 0) return () => Buffer.alloc(0);
  return (record) => {
    const parts: Buffer[] = [];
    for (const [index, field] of fields.entries()) {
      if (index > 0) parts.push(separators.key);
      parts.push(field(record));
    }
    parts.push(lineEnd);
    return Buffer.concat(parts);
  };
}

function fieldsOf(options: {
  isTrue(name: Name): boolean;
  readonly nullLiteral: Buffer;
  readonly headersSeparator: Buffer;
}): RecordFormatter[] {
  const { isTrue, nullLiteral, headersSeparator } = options;
  const orNull = (bytes: Uint8Array | null): Buffer =>
    bytes === null ? nullLiteral : asBuffer(bytes);
  const order: [Name, RecordFormatter][] = [
    [
      "print.timestamp",
      ({ timestamp }) => Buffer.from(timestamp < 0 ? "NO_TIMESTAMP" : `CreateTime:${timestamp}`),
    ],
    ["print.partition", ({ partition }) => Buffer.from(`Partition:${partition}`)],
    ["print.offset", ({ offset }) => Buffer.from(`Offset:${offset}`)],
    [
      "print.epoch",
      ({ leaderEpoch }) => Buffer.from(`Epoch:${leaderEpoch < 0 ? "NOT_PRESENT" : leaderEpoch}`),
    ],
    ["print.headers", ({ headers }) => formatHeaders(headers, headersSeparator, orNull)],
    ["print.key", ({ key }) => orNull(key)],
    ["print.value", ({ value }) => orNull(value)],
  ];
  return order.filter(([name]) => isTrue(name)).map(([, field]) => field);
}

function formatHeaders(
  headers: ConsumerRecord["headers"],
  separator: Buffer,
  orNull: (bytes: Uint8Array | null) => Buffer,
): Buffer {
  if (headers.length === 0) return Buffer.from("NO_HEADERS");
  const parts = headers.flatMap(({ key, value }, index) => [
    ...(index > 0 ? [separator] : []),
    Buffer.from(`${key}:`),
    orNull(value),
  ]);
  return Buffer.concat(parts);
}

/** The same bytes as a Buffer, without copying them. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
