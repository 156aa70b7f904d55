import { ByteReader } from "./codec/byte-reader.ts";
import { ByteWriter } from "./codec/byte-writer.ts";
import { DecodeError } from "./errors/decode-error.ts";
import { apis } from "./messages/api-keys.ts";
import { requestHeader, responseHeader } from "./messages/headers.ts";
import type { ApiDefinition } from "./schema/api.ts";
import type { MessageInput } from "./schema/message.ts";
import { includesVersion } from "./schema/version-range.ts";

/*
 * A frame is an int32 size and as many bytes: header, then body. Big endian throughout. The header of
 * a request is version 2 (with tagged fields) exactly when the request is flexible, that of a
 * response version 1 exactly when the response is, except ApiVersions, whose responses always carry
 * header version 0: a client that asks does not know yet what the broker speaks.
 */

export const FRAME_SIZE_BYTES = 4;

export interface RequestFrameOptions {
  readonly correlationId: number;
  readonly clientId: string | null;
}

/** A request with its size in front, as a list of chunks for one `writev`. */
export function encodeRequestFrame<Req>(
  api: ApiDefinition<Req, unknown>,
  version: number,
  options: RequestFrameOptions,
  body: MessageInput<Req>,
): Uint8Array[] {
  const writer = new ByteWriter();
  writer.writeInt32(0);
  const header = { requestApiKey: api.key, requestApiVersion: version, ...options };
  requestHeader.encode(writer, header, api.requestHeaderVersion(version));
  api.request.encode(writer, body, version);
  writer.setInt32(0, writer.sizeBytes - FRAME_SIZE_BYTES);
  return writer.chunks();
}

export interface DecodedRequestHeader {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: number;
  readonly clientId: string | null;
  /** Where the body begins; meaningful when `supported`. */
  readonly bodyOffset: number;
  /** False when our tables do not have the key or the version: then only key, version and correlation id are sure. */
  readonly supported: boolean;
}

/** Reads the header of a request frame (without its size). */
export function decodeRequestHeader(bytes: Uint8Array): DecodedRequestHeader {
  const reader = new ByteReader(bytes);
  const apiKey = reader.readInt16();
  const apiVersion = reader.readInt16();
  const api = apis.get(apiKey);
  if (api === undefined || !includesVersion(api.request.validVersions, apiVersion)) {
    const correlationId = reader.readInt32();
    return {
      apiKey,
      apiVersion,
      correlationId,
      clientId: null,
      bodyOffset: reader.offset,
      supported: false,
    };
  }
  reader.offset = 0;
  const { correlationId, clientId } = requestHeader.decode(
    reader,
    api.requestHeaderVersion(apiVersion),
  );
  return {
    apiKey,
    apiVersion,
    correlationId,
    clientId,
    bodyOffset: reader.offset,
    supported: true,
  };
}

/** A response with its size in front, as a list of chunks; record batches in it are not copied. */
export function encodeResponseFrame<Res>(
  api: ApiDefinition<unknown, Res>,
  version: number,
  correlationId: number,
  body: MessageInput<Res>,
): Uint8Array[] {
  const writer = new ByteWriter();
  writer.writeInt32(0);
  responseHeader.encode(writer, { correlationId }, api.responseHeaderVersion(version));
  api.response.encode(writer, body, version);
  writer.setInt32(0, writer.sizeBytes - FRAME_SIZE_BYTES);
  return writer.chunks();
}

/** Reads a whole response frame (without its size). */
export function decodeResponseFrame<Res>(
  api: ApiDefinition<unknown, Res>,
  version: number,
  bytes: Uint8Array,
): { correlationId: number; body: Res } {
  const reader = new ByteReader(bytes);
  const { correlationId } = responseHeader.decode(reader, api.responseHeaderVersion(version));
  const body = api.response.decode(reader, version);
  reader.expectEnd();
  return { correlationId, body };
}

/** The correlation id stands first in every response, whatever its header version. */
export function readCorrelationId(bytes: Uint8Array): number {
  return new ByteReader(bytes).readInt32();
}

/**
 * Cuts a stream of chunks into frames (without their sizes). A frame that lies within one chunk is a
 * view of it; one that is spread over several is put together in a buffer of exactly its size.
 */
export class FrameSplitter {
  readonly #maxFrameBytes: number;
  readonly #size = new Uint8Array(FRAME_SIZE_BYTES);
  #sizeFilled = 0;
  #frame: Uint8Array | null = null;
  #frameFilled = 0;

  constructor(options: { readonly maxFrameBytes: number }) {
    this.#maxFrameBytes = options.maxFrameBytes;
  }

  /** True when a part of a frame has come and the rest is missing. */
  get isInFrame(): boolean {
    return this.#frame !== null || this.#sizeFilled > 0;
  }

  push(chunk: Uint8Array): Uint8Array[] {
    const frames: Uint8Array[] = [];
    let at = 0;
    while (at < chunk.length || this.#isWholeFrame()) {
      if (this.#frame !== null) {
        at = this.#fillFrame(chunk, at, frames);
      } else if (this.#sizeFilled < FRAME_SIZE_BYTES) {
        this.#size[this.#sizeFilled++] = chunk[at++] as number;
      } else {
        at = this.#beginFrame(chunk, at, frames);
      }
    }
    return frames;
  }

  /** An empty frame is whole as soon as its size is known. */
  #isWholeFrame(): boolean {
    return (
      this.#frame === null && this.#sizeFilled === FRAME_SIZE_BYTES && this.#frameBytes() === 0
    );
  }

  #frameBytes(): number {
    const size = new DataView(this.#size.buffer).getInt32(0);
    if (size < 0 || size > this.#maxFrameBytes) {
      throw new DecodeError(`frame of ${size} bytes, allowed are ${this.#maxFrameBytes}`, 0);
    }
    return size;
  }

  #beginFrame(chunk: Uint8Array, at: number, frames: Uint8Array[]): number {
    const size = this.#frameBytes();
    if (size <= chunk.length - at) {
      frames.push(chunk.subarray(at, at + size));
      this.#sizeFilled = 0;
      return at + size;
    }
    this.#frame = new Uint8Array(size);
    this.#frameFilled = 0;
    return at;
  }

  #fillFrame(chunk: Uint8Array, at: number, frames: Uint8Array[]): number {
    const frame = this.#frame as Uint8Array;
    const part = chunk.subarray(at, at + frame.length - this.#frameFilled);
    frame.set(part, this.#frameFilled);
    this.#frameFilled += part.length;
    if (this.#frameFilled === frame.length) {
      frames.push(frame);
      this.#frame = null;
      this.#sizeFilled = 0;
    }
    return at + part.length;
  }
}
