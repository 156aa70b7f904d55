import { ByteReader } from "../codec/byte-reader.ts";
import { ByteWriter } from "../codec/byte-writer.ts";
import { compileDecoder, compileEncoder, type Decoder, type Encoder } from "../codec/compile.ts";
import type { BytesInput, Fields, ValueOf } from "./field.ts";
import { validateFields } from "./validate.ts";
import {
  formatVersions,
  includesVersion,
  parseVersions,
  type VersionRange,
} from "./version-range.ts";

/** What the encoder takes: every member may be left out (it is its default then), at every depth. */
export type MessageInput<T> = T extends bigint | number | string | boolean | null | undefined
  ? T
  : T extends Uint8Array
    ? BytesInput
    : T extends readonly (infer E)[]
      ? readonly MessageInput<E>[]
      : { readonly [K in keyof T]?: MessageInput<T[K]> | undefined };

/** A message of the protocol over all its versions. */
export interface Message<T> {
  readonly name: string;
  /** Api key, or -1 for what is not a request or response of its own. */
  readonly apiKey: number;
  readonly validVersions: VersionRange;
  readonly flexibleVersions: VersionRange;
  /** True when the newest version is not final in Kafka and is not to be advertised. */
  readonly latestVersionUnstable: boolean;
  readonly fields: Fields;
  decode(reader: ByteReader, version: number): T;
  encode(writer: ByteWriter, value: MessageInput<T>, version: number): void;
}

/** Static type of the value that a message decodes to. */
export type Infer<M> = M extends Message<infer T> ? T : never;

interface MessageDefinition<F extends Fields> {
  readonly name: string;
  readonly apiKey?: number;
  readonly validVersions: string;
  readonly flexibleVersions: string;
  readonly latestVersionUnstable?: boolean;
  readonly fields: F;
}

/** Declares a message. Nothing is compiled before the first use of a version. */
export function message<F extends Fields>(definition: MessageDefinition<F>): Message<ValueOf<F>> {
  return new TableMessage<ValueOf<F>>(definition);
}

class TableMessage<T> implements Message<T> {
  readonly name: string;
  readonly apiKey: number;
  readonly validVersions: VersionRange;
  readonly flexibleVersions: VersionRange;
  readonly latestVersionUnstable: boolean;
  readonly fields: Fields;
  readonly #decoders: (Decoder | undefined)[] = [];
  readonly #encoders: (Encoder | undefined)[] = [];

  constructor(definition: MessageDefinition<Fields>) {
    this.name = definition.name;
    this.apiKey = definition.apiKey ?? -1;
    this.validVersions = parseVersions(definition.validVersions);
    this.flexibleVersions = parseVersions(definition.flexibleVersions);
    this.latestVersionUnstable = definition.latestVersionUnstable ?? false;
    this.fields = definition.fields;
    validateFields(this.name, this.fields, this.flexibleVersions);
  }

  decode(reader: ByteReader, version: number): T {
    const decoder = this.#decoders[version] ?? this.#compileDecoder(version);
    return decoder(reader) as T;
  }

  encode(writer: ByteWriter, value: MessageInput<T>, version: number): void {
    const encoder = this.#encoders[version] ?? this.#compileEncoder(version);
    encoder(writer, value);
  }

  #compileDecoder(version: number): Decoder {
    this.#checkVersion(version);
    return (this.#decoders[version] = compileDecoder(this.fields, this.flexibleVersions, version));
  }

  #compileEncoder(version: number): Encoder {
    this.#checkVersion(version);
    return (this.#encoders[version] = compileEncoder(
      this.name,
      this.fields,
      this.flexibleVersions,
      version,
    ));
  }

  #checkVersion(version: number): void {
    if (Number.isInteger(version) && includesVersion(this.validVersions, version)) return;
    throw new RangeError(
      `${this.name} has versions ${formatVersions(this.validVersions)}, not ${version}`,
    );
  }
}

/** Decodes bytes that hold exactly one message; anything left over is a `DecodeError`. */
export function decodeMessage<T>(message: Message<T>, bytes: Uint8Array, version: number): T {
  const reader = new ByteReader(bytes);
  const value = message.decode(reader, version);
  reader.expectEnd();
  return value;
}

/** Encodes into one contiguous array. */
export function encodeMessage<T>(
  message: Message<T>,
  value: MessageInput<T>,
  version: number,
): Uint8Array {
  const writer = new ByteWriter();
  message.encode(writer, value, version);
  return writer.toUint8Array();
}

/** Encodes a value behind its int16 version, as records of the internal topics carry it. */
export function encodeVersioned<T>(
  message: Message<T>,
  value: MessageInput<T>,
  version: number,
): Uint8Array {
  const writer = new ByteWriter();
  writer.writeInt16(version);
  message.encode(writer, value, version);
  return writer.toUint8Array();
}

/** Reads back what `encodeVersioned` wrote; a version that the table does not have is a `DecodeError`. */
export function decodeVersioned<T>(
  message: Message<T>,
  bytes: Uint8Array,
): { version: number; value: T } {
  const reader = new ByteReader(bytes);
  const version = reader.readInt16();
  if (!includesVersion(message.validVersions, version)) {
    reader.fail(`${message.name} has no version ${version}`, 0);
  }
  const value = message.decode(reader, version);
  reader.expectEnd();
  return { version, value };
}
