import type { FileSystem } from "@ottla/runtime";
import { join } from "node:path";
import { LEADER_EPOCH_CHECKPOINT, PARTITION_METADATA } from "../segment/segment-files.ts";
import { LeaderEpochCache, type EpochEntry } from "../state/leader-epoch-cache.ts";
import {
  formatCheckpointLines,
  parseCheckpointLines,
  parseCheckpointNumber,
  replaceFileNow,
} from "./checkpoint-file.ts";

/** Undefined when missing or damaged: the epochs are then read from the batches. */
export function readLeaderEpochs(
  fileSystem: FileSystem,
  directory: string,
): EpochEntry[] | undefined {
  const path = join(directory, LEADER_EPOCH_CHECKPOINT);
  if (!fileSystem.existsSync(path)) return undefined;
  const rows = parseCheckpointLines(fileSystem.readFileSync(path));
  if (rows === undefined) return undefined;
  const entries: EpochEntry[] = [];
  for (const [epochText, offsetText, ...rest] of rows) {
    const leaderEpoch = parseCheckpointNumber(epochText);
    const startOffset = parseCheckpointNumber(offsetText);
    if (leaderEpoch === undefined || startOffset === undefined || rest.length > 0) return undefined;
    entries.push({ leaderEpoch, startOffset });
  }
  return LeaderEpochCache.isAscending(entries) ? entries : undefined;
}

export function encodeLeaderEpochs(entries: readonly EpochEntry[]): Uint8Array {
  return formatCheckpointLines(entries.map((entry) => [entry.leaderEpoch, entry.startOffset]));
}

/** The topic id, "damaged" when the file says nothing usable, or undefined when there is no file. */
export function readTopicId(fileSystem: FileSystem, directory: string): string | undefined {
  const path = join(directory, PARTITION_METADATA);
  if (!fileSystem.existsSync(path)) return undefined;
  const text = new TextDecoder().decode(fileSystem.readFileSync(path));
  return /^version: 0\ntopic_id: ([A-Za-z0-9_-]{22})\n?$/.exec(text)?.[1] ?? DAMAGED_TOPIC_ID;
}

export const DAMAGED_TOPIC_ID = "damaged";

export function writeTopicIdNow(fileSystem: FileSystem, directory: string, topicId: string): void {
  replaceFileNow(fileSystem, join(directory, PARTITION_METADATA), encodeTopicId(topicId));
}

/** What `partition.metadata` holds. */
export function encodeTopicId(topicId: string): Uint8Array {
  return new TextEncoder().encode(`version: 0\ntopic_id: ${topicId}\n`);
}

/** A new log that a crash cut short may have a `partition.metadata` that was never synced. */
export function syncTopicIdNow(fileSystem: FileSystem, directory: string): void {
  const path = join(directory, PARTITION_METADATA);
  if (!fileSystem.existsSync(path)) return;
  const handle = fileSystem.openSync(path, "write");
  try {
    handle.dataSyncNow();
  } finally {
    handle.closeSync();
  }
}
