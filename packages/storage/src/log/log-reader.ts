import {
  baseOffsetAt,
  batchSizeAt,
  ErrorCode,
  lastOffsetAt,
  maxTimestampAt,
  RECORD_BATCH_OVERHEAD,
  recordCountAt,
} from "@ottla/protocol";
import type { ReadRequest, TimestampOffset } from "../engine/storage-engine.ts";
import { headerDamage } from "../segment/batch-scanner.ts";
import type { Segment } from "../segment/segment.ts";
import type { Segments } from "../segment/segments.ts";
import { findBatch, findRecord } from "./batch-search.ts";

export type ReadIntoOutcome =
  | { readonly ok: true; readonly sizeBytes: number; readonly nextOffset: number }
  /** The first batch does not fit: call again with a target of at least this size. */
  | { readonly ok: false; readonly neededBytes: number }
  | { readonly ok: false; readonly errorCode: number };

/** Sequential readers whose next position is remembered, so that they need no index. */
const MAX_CURSORS = 16;

interface Cursor {
  readonly offset: number;
  readonly segment: Segment;
  readonly position: number;
}

/** Asynchronous positional reads of whole batches; never decodes a record but for look-ups by time. */
export class LogReader {
  readonly #segments: Segments;
  #cursors: Cursor[] = [];
  readonly #indexIntervalBytes: () => number;

  constructor(segments: Segments, indexIntervalBytes: () => number) {
    this.#segments = segments;
    this.#indexIntervalBytes = indexIntervalBytes;
  }

  /** Forgets positions after the log was cut. */
  reset(): void {
    this.#cursors = [];
  }

  /** Reads from `startOffset`, which lies inside the log. */
  readInto(request: ReadRequest, target: Uint8Array): Promise<ReadIntoOutcome> {
    return this.#onStandingSegments(() => this.#readOnce(request, target));
  }

  /** Compaction puts a segment in the place of others while they are read: then the read starts anew. */
  async #onStandingSegments<Result>(read: () => Promise<Result>): Promise<Result> {
    for (;;) {
      const { replacements } = this.#segments;
      try {
        return await read();
      } catch (error) {
        if (this.#segments.replacements === replacements) throw error;
      }
    }
  }

  async #readOnce(request: ReadRequest, target: Uint8Array): Promise<ReadIntoOutcome> {
    const { startOffset } = request;
    let index = this.#segments.floorIndex(startOffset);
    for (;;) {
      const segment = this.#segments.at(index);
      if (segment === undefined) return { ok: true, sizeBytes: 0, nextOffset: startOffset };
      const position = await this.#locate(segment, startOffset);
      if (position === "damaged") return { ok: false, errorCode: ErrorCode.CORRUPT_MESSAGE };
      if (position < segment.sizeBytes)
        return await this.#readAt(segment, position, request, target);
      index = this.#segments.all().indexOf(segment) + 1;
      if (index === 0) index = this.#segments.floorIndex(startOffset);
    }
  }

  /** Position of the batch that contains the offset or is the first after it; the segment's end when there is none. */
  async #locate(segment: Segment, offset: number): Promise<number | "damaged"> {
    const cursor = this.#cursors.find(
      (known) => known.offset === offset && known.segment === segment,
    );
    if (cursor) return cursor.position;
    const found = await this.#scanFrom(segment, segment.offsetIndex.positionFor(offset), offset);
    if (found !== "damaged") return found;
    // The index pointed astray, or the log itself is damaged: the walk from the start tells.
    if (segment !== this.#segments.active) segment.rebuildIndexes(this.#indexIntervalBytes());
    return await this.#scanFrom(segment, 0, offset);
  }

  async #scanFrom(
    segment: Segment,
    startPosition: number,
    offset: number,
  ): Promise<number | "damaged"> {
    const chunk = new Uint8Array(LOCATE_CHUNK_BYTES);
    let position = startPosition;
    while (position < segment.sizeBytes) {
      const remaining = segment.sizeBytes - position;
      const length = await segment.read(
        chunk.subarray(0, Math.min(chunk.length, remaining)),
        position,
      );
      let at = 0;
      while (at + RECORD_BATCH_OVERHEAD <= length) {
        if (headerDamage(chunk, at, length - at, remaining - at) !== undefined) return "damaged";
        if (
          position + at === startPosition &&
          startPosition > 0 &&
          baseOffsetAt(chunk, at) > offset
        )
          return "damaged";
        if (lastOffsetAt(chunk, at) >= offset) return position + at;
        at += batchSizeAt(chunk, at);
      }
      if (at === 0) return "damaged";
      position += at;
    }
    return position;
  }

  async #readAt(
    segment: Segment,
    position: number,
    request: ReadRequest,
    target: Uint8Array,
  ): Promise<ReadIntoOutcome> {
    const remaining = segment.sizeBytes - position;
    const buffer =
      target.length < RECORD_BATCH_OVERHEAD ? new Uint8Array(RECORD_BATCH_OVERHEAD) : target;
    const length = await segment.read(
      buffer.length > remaining ? buffer.subarray(0, remaining) : buffer,
      position,
    );
    let end = 0;
    let nextOffset = request.startOffset;
    while (end + RECORD_BATCH_OVERHEAD <= length) {
      if (headerDamage(buffer, end, length - end, remaining - end) !== undefined) {
        if (end > 0) break;
        return { ok: false, errorCode: ErrorCode.CORRUPT_MESSAGE };
      }
      const size = batchSizeAt(buffer, end);
      const lastOffset = lastOffsetAt(buffer, end);
      if (lastOffset >= request.limitOffset) break;
      const wantedAnyway = end === 0 && request.minOneBatch;
      if (wantedAnyway && size > target.length) return { ok: false, neededBytes: size };
      if (end + size > length || (end + size > request.maxBytes && !wantedAnyway)) break;
      end += size;
      nextOffset = lastOffset + 1;
    }
    if (end > 0) this.#remember(nextOffset, segment, position + end);
    return { ok: true, sizeBytes: end, nextOffset };
  }

  #remember(offset: number, segment: Segment, position: number): void {
    if (this.#cursors.length === MAX_CURSORS) this.#cursors.shift();
    this.#cursors.push({ offset, segment, position });
  }

  offsetForTimestamp(
    timestampMs: number,
    logStartOffset: number,
  ): Promise<TimestampOffset | undefined> {
    return this.#onStandingSegments(() => this.#offsetForTimestamp(timestampMs, logStartOffset));
  }

  async #offsetForTimestamp(
    timestampMs: number,
    logStartOffset: number,
  ): Promise<TimestampOffset | undefined> {
    // A copy: segments may expire while a read is awaited.
    for (const segment of this.#segments.all().slice()) {
      if (segment.sizeBytes === 0 || segment.maxTimestamp < timestampMs) continue;
      let position = segment.offsetIndex.positionFor(segment.timeIndex.offsetBefore(timestampMs));
      for (;;) {
        const found = await findBatch(segment, position, (bytes, at) => {
          position += batchSizeAt(bytes, at);
          return (
            maxTimestampAt(bytes, at) >= timestampMs && lastOffsetAt(bytes, at) >= logStartOffset
          );
        });
        if (!found) break;
        const record = findRecord(
          found,
          ({ offset }, time) => time >= timestampMs && offset >= logStartOffset,
        );
        if (record) return { ...record, leaderEpoch: found.partitionLeaderEpoch };
      }
    }
    return undefined;
  }

  offsetOfMaxTimestamp(logStartOffset: number): Promise<TimestampOffset | undefined> {
    return this.#onStandingSegments(() => this.#offsetOfMaxTimestamp(logStartOffset));
  }

  async #offsetOfMaxTimestamp(logStartOffset: number): Promise<TimestampOffset | undefined> {
    let newest: Segment | undefined;
    for (const segment of this.#segments.all()) {
      if (segment.sizeBytes > 0 && segment.maxTimestamp > (newest?.maxTimestamp ?? -1))
        newest = segment;
    }
    if (!newest || newest.offsetOfMaxTimestamp < logStartOffset) return undefined;
    const { offsetOfMaxTimestamp, maxTimestamp } = newest;
    const batch = await findBatch(
      newest,
      newest.offsetIndex.positionFor(offsetOfMaxTimestamp),
      (bytes, at) => lastOffsetAt(bytes, at) >= offsetOfMaxTimestamp,
    );
    // Compaction may have left the batch without records.
    if (batch?.recordCount === 0) return await this.#greatestOfRecords(logStartOffset);
    const record = batch && findRecord(batch, (_, time) => time === maxTimestamp);
    return batch && record && { ...record, leaderEpoch: batch.partitionLeaderEpoch };
  }

  /** The same by walking all batches, for logs whose greatest timestamp stands in a batch without records. */
  async #greatestOfRecords(logStartOffset: number): Promise<TimestampOffset | undefined> {
    let greatest = -1;
    let found: { readonly segment: Segment; readonly position: number } | undefined;
    for (const segment of this.#segments.all().slice()) {
      let position = 0;
      await findBatch(segment, 0, (bytes, at) => {
        const counts = recordCountAt(bytes, at) > 0 && lastOffsetAt(bytes, at) >= logStartOffset;
        if (counts && maxTimestampAt(bytes, at) > greatest) {
          greatest = maxTimestampAt(bytes, at);
          found = { segment, position };
        }
        position += batchSizeAt(bytes, at);
        return false;
      });
    }
    if (found === undefined) return undefined;
    const batch = await findBatch(found.segment, found.position, () => true);
    const record = batch && findRecord(batch, (_, time) => time === greatest);
    return batch && record && { ...record, leaderEpoch: batch.partitionLeaderEpoch };
  }
}

/** From an index entry to the wanted batch it is one index interval and one batch at most. */
const LOCATE_CHUNK_BYTES = 16 * 1024;
