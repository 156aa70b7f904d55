import { ByteReader, iterateBatches, iterateRecords } from "@ottla/protocol";
import type { FileSystem } from "@ottla/runtime";
import { join } from "node:path";

/*
 * Kafka keeps the settings of topics in its metadata log (KRaft), as records of this form: frame version uvarint = 1,
 * record type uvarint, record version uvarint, body. Of all types only one matters here: 4, ConfigRecord, version 0:
 * resource type i8 (2 is a topic), resource name, setting name (compact strings), value (compact string or null for
 * the default). Snapshots (`.checkpoint`) hold the same records in the same batches as the log.
 */
const METADATA_DIRECTORY = "__cluster_metadata-0";
const CONFIG_RECORD = 4;
const TOPIC_RESOURCE = 2;
const MAX_DECOMPRESSED_BYTES = 64 * 1024 * 1024;

export type TopicSettings = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** The settings that topics have of their own; empty when there is no metadata log. */
export function readTopicSettings(fileSystem: FileSystem, logDirectory: string): TopicSettings {
  const settings = new Map<string, Map<string, string>>();
  const directory = join(logDirectory, METADATA_DIRECTORY);
  if (!fileSystem.existsSync(directory)) return settings;
  const names = fileSystem.listSync(directory);
  // The newest snapshot says all up to its offset; what the log says again changes nothing.
  const snapshot = names.findLast((name) => /^\d{20}-\d{10}\.checkpoint$/.test(name));
  const logs = names.filter((name) => /^\d{20}\.log$/.test(name));
  for (const name of [...(snapshot === undefined ? [] : [snapshot]), ...logs])
    for (const batch of iterateBatches(fileSystem.readFileSync(join(directory, name)))) {
      if (batch.isControl) continue;
      for (const { value } of iterateRecords(batch, {
        maxDecompressedBytes: MAX_DECOMPRESSED_BYTES,
      }))
        if (value !== null) takeRecord(value, settings);
    }
  return settings;
}

function takeRecord(bytes: Uint8Array, settings: Map<string, Map<string, string>>): void {
  const reader = new ByteReader(bytes);
  if (reader.readUnsignedVarint() !== 1 || reader.readUnsignedVarint() !== CONFIG_RECORD) return;
  if (reader.readUnsignedVarint() !== 0) return;
  if (reader.readInt8() !== TOPIC_RESOURCE) return;
  const topic = reader.readCompactString();
  const name = reader.readCompactString();
  const value = reader.readCompactNullableString();
  const known = settings.get(topic) ?? new Map<string, string>();
  settings.set(topic, known);
  if (value === null) known.delete(name);
  else known.set(name, value);
}
