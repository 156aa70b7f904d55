import type { ProducerMessage } from "@ottla/client";
import { UsageError } from "../failure/exit.ts";
import { didYouMean } from "../options/nearest-name.ts";
import type { Properties } from "../options/properties-file.ts";

/** How a line becomes a record: `headers<delimiter>key<separator>value`, where the first two are optional. */
export interface LineFormat {
  readonly parseKey: boolean;
  readonly parseHeaders: boolean;
  readonly ignoreError: boolean;
  readonly keySeparator: Buffer;
  readonly headersDelimiter: Buffer;
  readonly headersSeparator: Buffer;
  readonly headersKeySeparator: Buffer;
  /** A key, value or header value equal to it is null. */
  readonly nullMarker: Buffer | undefined;
}

/** A line without the separators that were announced. */
export class LineError extends Error {
  override readonly name = "LineError";
}

const DEFAULTS = {
  "parse.key": "false",
  "parse.headers": "false",
  "ignore.error": "false",
  "key.separator": "\t",
  "headers.delimiter": "\t",
  "headers.separator": ",",
  "headers.key.separator": ":",
  "null.marker": "",
} as const;

export function readLineFormat(properties: Properties): LineFormat {
  for (const name of properties.keys()) {
    if (!Object.hasOwn(DEFAULTS, name)) {
      throw new UsageError(
        `reader property ${name} is not supported${didYouMean(name, Object.keys(DEFAULTS))}`,
      );
    }
  }
  const valueOf = (name: keyof typeof DEFAULTS): string => properties.get(name) ?? DEFAULTS[name];
  const isTrue = (name: keyof typeof DEFAULTS): boolean =>
    valueOf(name).trim().toLowerCase() === "true";
  const separator = (name: keyof typeof DEFAULTS): Buffer => {
    if (valueOf(name) === "") throw new UsageError(`reader property ${name} must not be empty`);
    return Buffer.from(valueOf(name));
  };
  const format = {
    parseKey: isTrue("parse.key"),
    parseHeaders: isTrue("parse.headers"),
    ignoreError: isTrue("ignore.error"),
    keySeparator: separator("key.separator"),
    headersDelimiter: separator("headers.delimiter"),
    headersSeparator: separator("headers.separator"),
    headersKeySeparator: separator("headers.key.separator"),
    nullMarker: valueOf("null.marker") === "" ? undefined : Buffer.from(valueOf("null.marker")),
  };
  refuseAmbiguity(format);
  return format;
}

function refuseAmbiguity({
  nullMarker,
  keySeparator,
  headersDelimiter,
  headersSeparator,
  headersKeySeparator,
}: LineFormat): void {
  const separators = [keySeparator, headersDelimiter, headersSeparator, headersKeySeparator];
  if (nullMarker !== undefined && separators.some((one) => one.equals(nullMarker))) {
    throw new UsageError("reader property null.marker must differ from the separators");
  }
  if (
    headersDelimiter.equals(headersSeparator) ||
    headersSeparator.equals(headersKeySeparator) ||
    headersDelimiter.equals(headersKeySeparator)
  ) {
    throw new UsageError(
      "headers.delimiter, headers.separator and headers.key.separator must differ from each other",
    );
  }
}

export function parseLine(line: Buffer, format: LineFormat): ProducerMessage {
  let rest = line;
  const take = (separator: Buffer, what: string): Buffer | undefined => {
    const at = rest.indexOf(separator);
    if (at < 0) {
      if (format.ignoreError) return undefined;
      throw new LineError(
        `no ${what} ${JSON.stringify(separator.toString())} in "${excerpt(line)}"`,
      );
    }
    const part = rest.subarray(0, at);
    rest = rest.subarray(at + separator.length);
    return part;
  };
  const headers = format.parseHeaders
    ? take(format.headersDelimiter, "headers delimiter")
    : undefined;
  const key = format.parseKey ? take(format.keySeparator, "key separator") : undefined;
  return {
    ...(headers === undefined || isNull(headers, format)
      ? {}
      : { headers: parseHeaders(headers, format) }),
    ...(key === undefined ? {} : { key: orNull(key, format) }),
    value: orNull(rest, format),
  };
}

function parseHeaders(bytes: Buffer, format: LineFormat): [string, Buffer | null][] {
  if (bytes.length === 0) return [];
  return split(bytes, format.headersSeparator).map((pair): [string, Buffer | null] => {
    const at = pair.indexOf(format.headersKeySeparator);
    if (at < 0 && !format.ignoreError) {
      throw new LineError(
        `no header key separator ${JSON.stringify(format.headersKeySeparator.toString())} in "${excerpt(pair)}"`,
      );
    }
    const name = at < 0 ? pair : pair.subarray(0, at);
    if (isNull(name, format)) throw new LineError("a header has the null marker as its key");
    const value =
      at < 0 ? null : orNull(pair.subarray(at + format.headersKeySeparator.length), format);
    return [name.toString(), value];
  });
}

function split(bytes: Buffer, separator: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  let from = 0;
  for (let at = bytes.indexOf(separator); at >= 0; at = bytes.indexOf(separator, from)) {
    parts.push(bytes.subarray(from, at));
    from = at + separator.length;
  }
  return [...parts, bytes.subarray(from)];
}

function isNull(bytes: Buffer, { nullMarker }: LineFormat): boolean {
  return nullMarker !== undefined && bytes.equals(nullMarker);
}

function orNull(bytes: Buffer, format: LineFormat): Buffer | null {
  return isNull(bytes, format) ? null : bytes;
}

const EXCERPT_LENGTH = 60;

function excerpt(bytes: Buffer): string {
  const text = bytes.toString().replace(/\p{Cc}/gu, " ");
  return text.length > EXCERPT_LENGTH ? `${text.slice(0, EXCERPT_LENGTH)}…` : text;
}
