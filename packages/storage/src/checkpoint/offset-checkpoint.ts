import type { FileSystem } from "@ottla/runtime";
import { join } from "node:path";
import type { TopicPartition } from "../engine/storage-engine.ts";
import {
  formatCheckpointLines,
  parseCheckpointLines,
  parseCheckpointNumber,
  replaceFile,
  replaceFileNow,
} from "./checkpoint-file.ts";

/** All below is fsynced; written after the sync it names. */
export const RECOVERY_POINT_CHECKPOINT = "recovery-point-offset-checkpoint";
/** Moved by DeleteRecords and retention; written before either counts. */
export const LOG_START_CHECKPOINT = "log-start-offset-checkpoint";
/** Kafka's high watermarks; ours equal the recovery points as long as a partition has one replica. */
export const HIGH_WATERMARK_CHECKPOINT = "replication-offset-checkpoint";
/** Kafka's name: up to where each compacted log is clean. */
export const CLEANER_CHECKPOINT = "cleaner-offset-checkpoint";
/** Present after a failed sync: how far each partition may be trusted at the next start. */
export const SYNC_FAILURE_CHECKPOINT = "ottla-sync-failure-checkpoint";

export interface PartitionOffset extends TopicPartition {
  readonly offset: number;
}

/** One offset per partition of a log directory, in Kafka's text format: lines "topic partition offset". */
export class OffsetCheckpoint {
  readonly path: string;
  readonly #fileSystem: FileSystem;

  constructor(fileSystem: FileSystem, logDirectory: string, fileName: string) {
    this.path = join(logDirectory, fileName);
    this.#fileSystem = fileSystem;
  }

  /** Undefined when the file is missing or damaged. */
  read(): OffsetTable | undefined {
    if (!this.#fileSystem.existsSync(this.path)) return undefined;
    const rows = parseCheckpointLines(this.#fileSystem.readFileSync(this.path));
    if (rows === undefined) return undefined;
    const table = new OffsetTable();
    for (const [topic, partitionText, offsetText, ...rest] of rows) {
      const partition = parseCheckpointNumber(partitionText);
      const offset = parseCheckpointNumber(offsetText);
      if (!topic || partition === undefined || offset === undefined || rest.length > 0)
        return undefined;
      table.set({ topic, partition }, offset);
    }
    return table;
  }

  async write(offsets: Iterable<PartitionOffset>): Promise<void> {
    await replaceFile(this.#fileSystem, this.path, encode(offsets));
  }

  writeNow(offsets: Iterable<PartitionOffset>): void {
    replaceFileNow(this.#fileSystem, this.path, encode(offsets));
  }
}

function encode(offsets: Iterable<PartitionOffset>): Uint8Array {
  const rows: (string | number)[][] = [];
  for (const { topic, partition, offset } of offsets) rows.push([topic, partition, offset]);
  return formatCheckpointLines(rows);
}

export class OffsetTable {
  readonly #offsets = new Map<string, PartitionOffset>();

  get({ topic, partition }: TopicPartition): number | undefined {
    return this.#offsets.get(`${topic} ${partition}`)?.offset;
  }

  set({ topic, partition }: TopicPartition, offset: number): void {
    this.#offsets.set(`${topic} ${partition}`, { topic, partition, offset });
  }

  values(): IterableIterator<PartitionOffset> {
    return this.#offsets.values();
  }
}
