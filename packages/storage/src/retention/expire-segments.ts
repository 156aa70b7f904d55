import type { LogParts } from "../log/log-parts.ts";
import type { UnsyncedFiles } from "../log/unsynced-files.ts";
import { segmentFiles, type SegmentFiles } from "../segment/deleted-files.ts";
import { planRetention, type RetentionInput } from "./retention.ts";

export interface ExpireOptions extends Omit<RetentionInput, "fileSystem"> {
  readonly unsynced: UnsyncedFiles;
  /** Replaces the active segment by an empty one at the log end offset. */
  readonly roll: () => void;
}

/** Takes expired segments out of the log; names their files, which still stand. */
export function expireSegments(parts: LogParts, options: ExpireOptions): SegmentFiles[] {
  const { fileSystem, segments, directory } = parts;
  const plan = planRetention(segments, { ...options, fileSystem });
  if (plan.rollFirst) options.roll();
  const files: SegmentFiles[] = [];
  for (let count = 0; count < plan.expiredSegments; count++) {
    const segment = segments.removeFirst();
    options.unsynced.drop(segment);
    segment.close();
    files.push(segmentFiles(directory, segment.baseOffset, segment.sizeBytes));
  }
  return files;
}
