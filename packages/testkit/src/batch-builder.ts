/** Record batches for tests: say only what matters to the test, the rest takes plain defaults. */
import {
  iterateBatches,
  iterateRecords,
  RecordBatchBuilder,
  type RecordBatchBuilderOptions,
} from "@ottla/protocol";

/** A fixed instant, so that tests do not depend on the day they run. */
export const TEST_TIMESTAMP_MS = 1_700_000_000_000;
const MAX_DECOMPRESSED_BYTES = 64 * 1024 * 1024;

export interface TestRecord {
  readonly key?: string | null;
  readonly value?: string | Uint8Array | null;
  readonly timestamp?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface TestBatchOptions extends RecordBatchBuilderOptions {
  /** The records, or how many to make up (values `value-0`, `value-1`, ...). One by default. */
  readonly records?: readonly TestRecord[] | number;
  /** Pads or cuts the made-up values to this size. */
  readonly valueBytes?: number;
  /** Of the first record; each further one is a millisecond later. */
  readonly timestamp?: number;
}

export function buildTestBatch(options: TestBatchOptions = {}): Uint8Array {
  const { records = 1, valueBytes, timestamp = TEST_TIMESTAMP_MS, ...header } = options;
  const builder = new RecordBatchBuilder(header);
  const inputs = typeof records === "number" ? madeUpRecords(records, valueBytes) : records;
  for (const [index, record] of inputs.entries()) {
    const fits = builder.append({
      timestamp: record.timestamp ?? timestamp + index,
      key: encoded(record.key),
      value: encoded(record.value),
      headers: Object.entries(record.headers ?? {}).map(([key, value]) => ({
        key,
        value: encoded(value),
      })),
    });
    if (!fits) throw new Error(`record ${index} does not fit into maxBytes`);
  }
  return builder.build();
}

function madeUpRecords(count: number, valueBytes: number | undefined): TestRecord[] {
  return Array.from({ length: count }, (_, index) => {
    const value = `value-${index}`;
    const sized =
      valueBytes === undefined ? value : value.padEnd(valueBytes, ".").slice(0, valueBytes);
    return { value: sized };
  });
}

function encoded(content: string | Uint8Array | null | undefined): Uint8Array | null {
  if (content === null || content === undefined) return null;
  return typeof content === "string" ? new TextEncoder().encode(content) : content;
}

export interface ReadRecord {
  readonly offset: number;
  readonly timestamp: number;
  readonly key: string | null;
  readonly value: string | null;
}

/** All records of all whole batches as text; control batches are left out, as a consumer does. */
export function readTestRecords(bytes: Uint8Array): ReadRecord[] {
  const output: ReadRecord[] = [];
  for (const batch of iterateBatches(bytes)) {
    if (batch.isControl) continue;
    for (const record of iterateRecords(batch, { maxDecompressedBytes: MAX_DECOMPRESSED_BYTES })) {
      const { offset, timestamp } = record;
      output.push({ offset, timestamp, key: decoded(record.key), value: decoded(record.value) });
    }
  }
  return output;
}

function decoded(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString("utf8");
}
