import type { RecordHeader } from "@ottla/protocol";
import type { TopicPartition } from "../topic-partition.ts";

/** Text is sent as UTF-8. */
export type BytesLike = string | Uint8Array;

export type HeaderValue = BytesLike | null;

/** An object, or a list of pairs where a name occurs twice or the order matters. */
export type HeadersInput =
  | Readonly<Record<string, HeaderValue | readonly HeaderValue[]>>
  | readonly (readonly [string, HeaderValue])[];

export interface ProducerMessage {
  readonly key?: BytesLike | null | undefined;
  readonly value?: BytesLike | null | undefined;
  readonly headers?: HeadersInput | undefined;
  /** Milliseconds since the epoch; the time of sending when left out. */
  readonly timestamp?: number | undefined;
  /** Chosen by the key, or in turn, when left out. */
  readonly partition?: number | undefined;
}

export interface SendRequest {
  readonly topic: string;
  readonly messages: readonly ProducerMessage[];
  readonly signal?: AbortSignal | undefined;
}

/** Where a record was stored. */
export interface RecordMetadata extends TopicPartition {
  /** -1 with acks=0, or when the broker only said that it has the record already. */
  readonly offset: number;
  /** The broker's time where the topic says LogAppendTime, otherwise the record's own. */
  readonly timestamp: number;
}

/** A record ready for a batch. */
export interface EncodedRecord {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers: readonly RecordHeader[];
  readonly timestamp: number;
  readonly sizeBytes: number;
}

/** What a record takes at most beside its bytes: lengths, deltas, attributes. */
const RECORD_OVERHEAD_BYTES = 21;
const HEADER_OVERHEAD_BYTES = 10;

export function encodeRecord(message: ProducerMessage, nowMs: number): EncodedRecord {
  const key = toBytes(message.key);
  const value = toBytes(message.value);
  const headers = message.headers === undefined ? [] : toHeaders(message.headers);
  let sizeBytes = RECORD_OVERHEAD_BYTES + (key?.length ?? 0) + (value?.length ?? 0);
  for (const header of headers) {
    sizeBytes +=
      HEADER_OVERHEAD_BYTES + Buffer.byteLength(header.key) + (header.value?.length ?? 0);
  }
  return { key, value, headers, timestamp: message.timestamp ?? nowMs, sizeBytes };
}

function toBytes(input: BytesLike | null | undefined): Uint8Array | null {
  if (input === null || input === undefined) return null;
  if (typeof input === "string") return Buffer.from(input);
  if (input instanceof Uint8Array) return input;
  throw new TypeError(
    `keys, values and header values are strings, Uint8Arrays or null, not ${typeof input}`,
  );
}

function toHeaders(headers: HeadersInput): RecordHeader[] {
  if (isPairs(headers)) return headers.map(([key, value]) => ({ key, value: toBytes(value) }));
  return Object.entries(headers).flatMap(([key, value]) =>
    isList(value)
      ? value.map((one) => ({ key, value: toBytes(one) }))
      : [{ key, value: toBytes(value) }],
  );
}

function isPairs(headers: HeadersInput): headers is readonly (readonly [string, HeaderValue])[] {
  return Array.isArray(headers);
}

function isList(value: HeaderValue | readonly HeaderValue[]): value is readonly HeaderValue[] {
  return Array.isArray(value);
}
