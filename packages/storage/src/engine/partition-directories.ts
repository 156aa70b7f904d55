import type { FileSystem } from "@ottla/runtime";
import {
  formatCheckpointLines,
  parseCheckpointLines,
  parseCheckpointNumber,
  replaceFile,
} from "../checkpoint/checkpoint-file.ts";
import { SharedWrite } from "../checkpoint/shared-write.ts";
import { partitionKey } from "./directory-names.ts";
import type { TopicPartition } from "./storage-engine.ts";

/*
 * `ottla-partition-directories` lies in the first log directory and says in which directory each
 * partition lives: Kafka's text form (a line "0", a line with the count), then per partition
 * "topic partition topic-id directory-id". It is there for partitions whose directory cannot be read at a
 * start; for all others, what is found on disk counts.
 */
export const PARTITION_DIRECTORIES = "ottla-partition-directories";

export interface PartitionPlace extends TopicPartition {
  readonly topicId: string;
  /** `directory.id` of meta.properties (KIP-858): it stays the same when the directory is mounted elsewhere. */
  readonly directoryId: string;
}

/** The directory of every partition. A place is on disk before the log that goes there is made. */
export class PartitionDirectories {
  readonly #fileSystem: FileSystem;
  readonly #path: string;
  readonly #places = new Map<string, PartitionPlace>();
  readonly #saves = new SharedWrite(() => this.#write());

  constructor(fileSystem: FileSystem, directory: string) {
    this.#fileSystem = fileSystem;
    this.#path = `${directory}/${PARTITION_DIRECTORIES}`;
  }

  /** `missing`: there is no file. `damaged`: there is one that says nothing usable; nothing was taken from it. */
  read(): "missing" | "damaged" | "read" {
    if (!this.#fileSystem.existsSync(this.#path)) return "missing";
    const rows = parseCheckpointLines(this.#fileSystem.readFileSync(this.#path));
    const places = rows?.map(placeOf);
    if (places === undefined || places.includes(undefined)) return "damaged";
    for (const place of places) if (place !== undefined) this.set(place);
    return "read";
  }

  get(topicPartition: TopicPartition): PartitionPlace | undefined {
    return this.#places.get(partitionKey(topicPartition));
  }

  set({ topic, partition, topicId, directoryId }: PartitionPlace): void {
    const place = { topic, partition, topicId, directoryId };
    this.#places.set(partitionKey(place), place);
  }

  delete(topicPartition: TopicPartition): void {
    this.#places.delete(partitionKey(topicPartition));
  }

  values(): MapIterator<PartitionPlace> {
    return this.#places.values();
  }

  /** Resolves when what is noted now is on disk. */
  save(): Promise<void> {
    return this.#saves.save();
  }

  /** Resolves when no write is under way. */
  settled(): Promise<void> {
    return this.#saves.settled();
  }

  #write(): Promise<void> {
    const rows = [...this.#places.values()].map((place) => [
      place.topic,
      place.partition,
      place.topicId,
      place.directoryId,
    ]);
    return replaceFile(this.#fileSystem, this.#path, formatCheckpointLines(rows));
  }
}

function placeOf(fields: readonly string[]): PartitionPlace | undefined {
  const [topic, partitionText, topicId, directoryId, ...rest] = fields;
  const partition = parseCheckpointNumber(partitionText);
  if (!topic || partition === undefined || !topicId || !directoryId || rest.length > 0)
    return undefined;
  return { topic, partition, topicId, directoryId };
}
