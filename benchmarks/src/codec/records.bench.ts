/**
 * Building and iterating one batch of 1000 records of 100 bytes, per codec. Values are the start of JSON
 * documents, so that the codecs find what they find in practice. Alone:
 * `node --conditions=@ottla/source benchmarks/src/codec/records.bench.ts`
 */
import {
  COMPRESSION_NAMES,
  compressionTypeByName,
  iterateRecords,
  RecordBatchBuilder,
  RecordBatchView,
  validateRecords,
  type RecordInput,
} from "@ottla/protocol";
import { Bench } from "tinybench";

const RECORDS = 1000;
const VALUE_BYTES = 100;
const BASE_TIMESTAMP_MS = 1_700_000_000_000;
const LIMIT = { maxDecompressedBytes: 1024 * 1024 };

function jsonRecords(): RecordInput[] {
  return Array.from({ length: RECORDS }, (_, index) => {
    const document = JSON.stringify({
      flight: index * 7919,
      from: ["ARN", "JFK", "NRT", "CDG"][index % 4],
      delayMinutes: (index * 31) % 97,
      departed: BASE_TIMESTAMP_MS + index * 60_000,
      note: "nothing to report",
    });
    return {
      timestamp: BASE_TIMESTAMP_MS + index,
      key: Buffer.from(String(index % 50)),
      value: new Uint8Array(Buffer.from(document.padEnd(VALUE_BYTES, " ").slice(0, VALUE_BYTES))),
    };
  });
}

/** Adds the tasks of this file; their names are stable, because results are compared by them. */
export function addRecordsBenchmarks(bench: Bench): void {
  const records = jsonRecords();
  for (const codec of COMPRESSION_NAMES) {
    const compression = compressionTypeByName(codec)!;
    const build = (): Uint8Array => {
      const builder = new RecordBatchBuilder({ compression });
      for (const record of records) builder.append(record);
      return builder.build();
    };
    const batch = build();
    const view = new RecordBatchView(batch);
    bench.add(`records: build 1000 x 100 B, ${codec}`, () => {
      build();
    });
    bench.add(`records: iterate 1000 x 100 B, ${codec}`, () => {
      let valueBytes = 0;
      for (const record of iterateRecords(view, LIMIT)) valueBytes += record.value!.length;
      if (valueBytes !== RECORDS * VALUE_BYTES) throw new Error(`read ${valueBytes} bytes`);
    });
    bench.add(`records: validate 1000 x 100 B, ${codec}`, () => {
      if (!validateRecords(view, LIMIT).ok) throw new Error("the batch is valid");
    });
  }
}

if (import.meta.main) {
  const bench = new Bench({ name: "records", time: 300, warmupTime: 100 });
  addRecordsBenchmarks(bench);
  await bench.run();
  console.table(bench.table());
}
