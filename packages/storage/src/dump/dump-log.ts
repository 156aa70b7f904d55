import type { FileSystem } from "@ottla/runtime";
import { basename } from "node:path";
import {
  LOG_SUFFIX,
  OFFSET_INDEX_SUFFIX,
  parseBaseOffset,
  SNAPSHOT_SUFFIX,
  TIME_INDEX_SUFFIX,
  TRANSACTION_INDEX_SUFFIX,
} from "../segment/segment-files.ts";
import type { DumpEntry } from "./dump-entry.ts";
import { dumpOffsetIndex, dumpTimeIndex, dumpTransactionIndex } from "./dump-index.ts";
import { dumpSegment, type DumpSegmentOptions } from "./dump-segment.ts";
import { dumpSnapshot } from "./dump-snapshot.ts";

export interface DumpLogOptions extends DumpSegmentOptions {
  readonly fileSystem: FileSystem;
}

/** The path names no file that can be dumped. */
export class DumpError extends Error {
  override readonly name = "DumpError";
}

/**
 * Shows what is in a segment, index or snapshot file, in the terms of Kafka's dump tool. The file is only
 * read, in pieces; damage is an entry of its own and ends the dump of a segment.
 */
export async function* dumpLog(
  path: string,
  options: DumpLogOptions,
): AsyncGenerator<DumpEntry, void, undefined> {
  const { fileSystem } = options;
  const name = basename(path);
  if (!fileSystem.existsSync(path)) throw new DumpError(`${path}: no such file`);
  const baseOffset = baseOffsetOf(name);
  if (baseOffset === undefined)
    throw new DumpError(
      `${path}: not a .log, .index, .timeindex, .txnindex or .snapshot file named by a 20-digit offset`,
    );
  yield { kind: "file", path, baseOffset };
  if (name.endsWith(LOG_SUFFIX)) yield* dumpSegment(path, options);
  else if (name.endsWith(TIME_INDEX_SUFFIX))
    yield* dumpTimeIndex(fileSystem.readFileSync(path), baseOffset);
  else if (name.endsWith(TRANSACTION_INDEX_SUFFIX))
    yield* dumpTransactionIndex(fileSystem.readFileSync(path));
  else if (name.endsWith(OFFSET_INDEX_SUFFIX))
    yield* dumpOffsetIndex(fileSystem.readFileSync(path), baseOffset);
  else yield* dumpSnapshot(fileSystem.readFileSync(path));
}

function baseOffsetOf(name: string): number | undefined {
  for (const suffix of [
    LOG_SUFFIX,
    TIME_INDEX_SUFFIX,
    TRANSACTION_INDEX_SUFFIX,
    OFFSET_INDEX_SUFFIX,
    SNAPSHOT_SUFFIX,
  ]) {
    const base = parseBaseOffset(name, suffix);
    if (base !== undefined) return base;
  }
  return undefined;
}
