import type { DumpedBatch, DumpedProducer, DumpedRecord, DumpEntry } from "@ottla/storage";

export interface ShownParts {
  /** Keys and values. */
  readonly payload: boolean;
  /** Offsets, sizes and the like of each record. */
  readonly metadata: boolean;
}

/** The lines of Kafka's dump tool for one entry. */
export function formatEntry(entry: DumpEntry, parts: ShownParts): string[] {
  switch (entry.kind) {
    case "file":
      return [
        `Dumping ${entry.path}`,
        ...(entry.path.endsWith(".log") ? [`Log starting offset: ${entry.baseOffset}`] : []),
      ];
    case "batch":
      return [formatBatch(entry)];
    case "record":
      return [formatRecord(entry, parts)];
    case "offset-index-entry":
      return [`offset: ${entry.offset} position: ${entry.position}`];
    case "time-index-entry":
      return [`timestamp: ${entry.timestamp} offset: ${entry.offset}`];
    case "aborted-transaction":
      return [
        `version: ${entry.version} producerId: ${entry.producerId} firstOffset: ${entry.firstOffset} lastOffset: ${entry.lastOffset} lastStableOffset: ${entry.lastStableOffset}`,
      ];
    case "producer":
      return [formatProducer(entry)];
    case "damage":
      return [`damage at byte ${entry.position}: ${entry.message}`];
    default:
      return entry satisfies never;
  }
}

function formatBatch(batch: DumpedBatch): string {
  return [
    `baseOffset: ${batch.baseOffset} lastOffset: ${batch.lastOffset} count: ${batch.count}`,
    `baseSequence: ${batch.baseSequence} lastSequence: ${batch.lastSequence}`,
    `producerId: ${batch.producerId} producerEpoch: ${batch.producerEpoch}`,
    `partitionLeaderEpoch: ${batch.partitionLeaderEpoch} isTransactional: ${batch.isTransactional} isControl: ${batch.isControl}`,
    `deleteHorizonMs: ${batch.deleteHorizonMs === undefined ? "OptionalLong.empty" : `OptionalLong[${batch.deleteHorizonMs}]`}`,
    `position: ${batch.position} ${batch.timestampType}: ${batch.maxTimestamp} size: ${batch.sizeBytes} magic: ${batch.magic}`,
    `compresscodec: ${batch.compression.toLowerCase()} crc: ${batch.crc} isvalid: ${batch.isValid}`,
  ].join(" ");
}

function formatRecord(
  { record, sequence }: DumpedRecord,
  { payload, metadata }: ShownParts,
): string {
  const fields: string[] = [];
  if (metadata) {
    fields.push(`offset: ${record.offset} CreateTime: ${record.timestamp}`);
    fields.push(
      `keySize: ${record.key?.length ?? -1} valueSize: ${record.value?.length ?? -1} sequence: ${sequence}`,
    );
    fields.push(`headerKeys: [${record.headers.map(({ key }) => key).join(",")}]`);
  }
  if (payload) {
    if (record.key !== null) fields.push(`key: ${text(record.key)}`);
    fields.push(`payload: ${record.value === null ? "" : text(record.value)}`);
  }
  return `| ${fields.join(" ")}`;
}

function formatProducer(producer: DumpedProducer): string {
  const { currentTransactionFirstOffset: first } = producer;
  return [
    `producerId: ${producer.producerId} producerEpoch: ${producer.producerEpoch} coordinatorEpoch: ${producer.coordinatorEpoch}`,
    `currentTxnFirstOffset: ${first < 0 ? "OptionalLong.empty" : `OptionalLong[${first}]`} lastTimestamp: ${producer.lastTimestamp}`,
    `firstSequence: ${producer.firstSequence} lastSequence: ${producer.lastSequence} lastOffset: ${producer.lastOffset}`,
    `offsetDelta: ${producer.offsetDelta} timestamp: ${producer.lastTimestamp}`,
  ].join(" ");
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
