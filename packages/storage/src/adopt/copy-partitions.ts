import type { FileSystem } from "@ottla/runtime";
import { join } from "node:path";
import {
  CLEANER_CHECKPOINT,
  LOG_START_CHECKPOINT,
  OffsetCheckpoint,
  RECOVERY_POINT_CHECKPOINT,
} from "../checkpoint/offset-checkpoint.ts";
import { DAMAGED_TOPIC_ID, readLeaderEpochs, readTopicId } from "../checkpoint/partition-files.ts";
import { listPartitions } from "../engine/directory-files.ts";
import { partitionDirectory, partitionKey } from "../engine/directory-names.ts";
import type { TopicPartition } from "../engine/storage-engine.ts";
import { StorageError } from "../log/storage-error.ts";
import {
  CLEANED_SUFFIX,
  DELETED_SUFFIX,
  LOG_SUFFIX,
  parseBaseOffset,
  SNAPSHOT_SUFFIX,
  TEMPORARY_SUFFIX,
} from "../segment/segment-files.ts";
import { copyFile, linkFile } from "../segment/share-file.ts";
import { decodeProducerSnapshot } from "../state/producer-snapshot.ts";

export interface AdoptedPartition extends TopicPartition {
  readonly topicId: string;
  /** Of the last batch; -1 for an empty log. */
  readonly leaderEpoch: number;
  /** Greatest that its producer snapshots name; -1 when they name none. */
  readonly maxProducerId: bigint;
}

export interface CopyOptions {
  readonly fileSystem: FileSystem;
  readonly from: string;
  readonly to: string;
  /** False for what is no log of a topic, such as Kafka's own metadata. */
  readonly wanted: (partition: TopicPartition) => boolean;
  readonly onPartition?: (done: number, total: number, name: string) => void;
}

/**
 * Takes the logs of a stopped broker over into another log directory, which must not hold them yet. Sealed log files
 * are linked where the file system allows it, because nobody changes them in place; everything else is copied. The
 * original is not touched. Rejects with StorageError.
 */
export async function copyPartitions(options: CopyOptions): Promise<AdoptedPartition[]> {
  const { fileSystem, from, to, wanted, onPartition } = options;
  const found = listPartitions(fileSystem, from).filter(wanted);
  const adopted: AdoptedPartition[] = [];
  for (const [index, partition] of found.entries()) {
    adopted.push(await copyPartition(options, partition));
    onPartition?.(index + 1, found.length, partitionKey(partition));
  }
  const names = new Set(found.map(partitionKey));
  for (const name of [LOG_START_CHECKPOINT, CLEANER_CHECKPOINT, RECOVERY_POINT_CHECKPOINT]) {
    const table = new OffsetCheckpoint(fileSystem, from, name).read();
    if (table === undefined) continue;
    const kept = [...table.values()].filter((entry) => names.has(partitionKey(entry)));
    await new OffsetCheckpoint(fileSystem, to, name).write(kept);
  }
  await fileSystem.syncDirectory(to);
  return adopted;
}

async function copyPartition(
  { fileSystem, from, to }: CopyOptions,
  partition: TopicPartition,
): Promise<AdoptedPartition> {
  const source = partitionDirectory(from, partition);
  const target = partitionDirectory(to, partition);
  const topicId = readTopicId(fileSystem, source);
  if (topicId === undefined || topicId === DAMAGED_TOPIC_ID)
    throw new StorageError(`${source}/partition.metadata names no topic id`, {
      fatal: false,
      path: source,
    });
  const names = fileSystem.listSync(source).filter(isWorthKeeping);
  const bases = names
    .map((name) => parseBaseOffset(name, LOG_SUFFIX))
    .filter((base) => base !== undefined);
  const active = bases.at(-1);
  fileSystem.makeDirectorySync(target);
  let maxProducerId = -1n;
  for (const name of names) {
    const path = join(source, name);
    if (fileSystem.statSync(path).isDirectory) continue;
    const base = parseBaseOffset(name, LOG_SUFFIX);
    const linked =
      base !== undefined && base !== active && linkFile(fileSystem, path, join(target, name));
    if (!linked) await copyFile(fileSystem, path, join(target, name));
    if (parseBaseOffset(name, SNAPSHOT_SUFFIX) === undefined) continue;
    for (const { producerId } of decodeProducerSnapshot(fileSystem.readFileSync(path)) ?? [])
      if (BigInt(producerId) > maxProducerId) maxProducerId = BigInt(producerId);
  }
  await fileSystem.syncDirectory(target);
  const leaderEpoch = readLeaderEpochs(fileSystem, source)?.at(-1)?.leaderEpoch ?? -1;
  return { ...partition, topicId, leaderEpoch, maxProducerId };
}

function isWorthKeeping(name: string): boolean {
  return ![TEMPORARY_SUFFIX, CLEANED_SUFFIX, DELETED_SUFFIX].some((suffix) =>
    name.endsWith(suffix),
  );
}
