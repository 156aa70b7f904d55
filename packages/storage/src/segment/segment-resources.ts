import type { FileSystem } from "@ottla/runtime";
import { ReleaseQueue } from "./release-queue.ts";

/** Without a word of the engine: fits into the smallest usual limit of 1024 descriptors with room for sockets. */
const DESCRIPTORS_MAX = 512;
/** Some 60 GiB of log have 16 MiB of indexes at Kafka's index interval and batches of 16 KiB. */
const INDEX_BYTES_MAX = 16 * 1024 * 1024;

/** What the segments of one thread hold together: descriptors of log files, and index entries read from files. */
export interface SegmentResources {
  readonly descriptors: ReleaseQueue;
  readonly indexBytes: ReleaseQueue;
}

/** Descriptors belong to the file system that opened them, so their bound does, too. */
const resources = new WeakMap<FileSystem, SegmentResources>();

export function segmentResourcesOf(fileSystem: FileSystem): SegmentResources {
  let known = resources.get(fileSystem);
  if (known === undefined) {
    known = {
      descriptors: new ReleaseQueue(DESCRIPTORS_MAX),
      indexBytes: new ReleaseQueue(INDEX_BYTES_MAX),
    };
    resources.set(fileSystem, known);
  }
  return known;
}
