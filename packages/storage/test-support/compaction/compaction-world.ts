import {
  buildControlBatch,
  CompressionType,
  iterateBatches,
  iterateRecords,
  RecordBatchBuilder,
  type RecordBatchView,
} from "@ottla/protocol";
import { silentLogger } from "@ottla/runtime";
import { MemoryFileSystem, SeededRandom, SimulatedClock } from "@ottla/testkit";
import {
  defaultLogConfig,
  LocalEngine,
  type AppendRequest,
  type CleanerReport,
  type LogConfig,
  type PartitionLog,
} from "../../src/index.ts";
import { readAll, TOPIC_ID } from "../engine-fixture.ts";

export const DIRECTORY = "/data";
export const PARTITION_DIRECTORY = `${DIRECTORY}/orders-0`;
const START_MS = 1_700_000_000_000;
const CODECS = Object.values(CompressionType);

export interface WrittenRecord {
  readonly offset: number;
  readonly key: string;
  readonly value: string | null;
  readonly timestamp: number;
  readonly header: string | undefined;
  /** Data of a transaction counts once it has committed. */
  fate: "counts" | "open" | "aborted";
}

interface Producer {
  readonly id: bigint;
  sequence: number;
  /** Records of its open transaction. */
  open: WrittenRecord[];
}

export interface WorldOptions {
  readonly seed: number;
  readonly config?: Partial<LogConfig>;
  readonly fileSystem?: MemoryFileSystem;
  readonly dedupeBufferBytes?: number;
}

/** A compacted log under random load, and a model of what was written to it. */
export class CompactionWorld {
  readonly random: SeededRandom;
  readonly clock = new SimulatedClock(START_MS);
  readonly fileSystem: MemoryFileSystem;
  readonly written = new Map<number, WrittenRecord>();
  readonly config: LogConfig;
  readonly #options: WorldOptions;
  readonly #producers: Producer[];
  engine: LocalEngine;
  log!: PartitionLog;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.random = new SeededRandom(options.seed);
    this.fileSystem =
      options.fileSystem ?? new MemoryFileSystem({ nowMs: () => this.clock.nowMs() });
    this.config = {
      ...defaultLogConfig,
      cleanupPolicy: ["compact"],
      segmentBytes: 1500 + this.random.nextInt(3000),
      indexIntervalBytes: 200,
      minCleanableDirtyRatio: 0,
      deleteRetentionMs: 1000 * (1 + this.random.nextInt(20)),
      fileDeleteDelayMs: 0,
      messageTimestampType: this.random.chance(0.2) ? "LogAppendTime" : "CreateTime",
      ...options.config,
    };
    this.#producers = [7n, 8n, 2n ** 60n].map((id) => ({ id, sequence: 0, open: [] }));
    this.engine = this.#create();
  }

  #create(): LocalEngine {
    return new LocalEngine({
      directory: DIRECTORY,
      fileSystem: this.fileSystem,
      clock: this.clock,
      random: this.random.fork(),
      logger: silentLogger,
      flush: "group",
      // What a broker knows before it has read its metadata; the log has to be recovered all the same.
      defaultConfig: defaultLogConfig,
      cleaner: {
        dedupeBufferBytes: this.#options.dedupeBufferBytes ?? 1 << 20,
        backoffMs: 2 ** 31 - 1,
      },
      retentionIntervalMs: 2 ** 31 - 1,
    });
  }

  async open(): Promise<void> {
    await this.engine.open();
    const spec = { topic: "orders", partition: 0, topicId: TOPIC_ID, config: this.config };
    this.log = await this.engine.createPartition(spec);
  }

  async restart(): Promise<void> {
    await this.engine.close();
    this.engine = this.#create();
    await this.open();
  }

  clean(): Promise<CleanerReport> {
    return this.engine.runCleaner();
  }

  /** One batch of one kind or another, or the end of a transaction. */
  async write(): Promise<void> {
    this.clock.advance(this.random.nextInt(400));
    const kind = this.random.nextInt(10);
    const producer = this.random.pick(this.#producers);
    if (kind < 5) await this.#append(undefined, false);
    else if (producer.open.length > 0 && this.random.chance(0.4))
      await this.endTransaction(producer);
    else if (kind < 7 && producer.open.length === 0) await this.#append(producer, false);
    else await this.#append(producer, true);
  }

  async #append(producer: Producer | undefined, transactional: boolean): Promise<void> {
    const { random, clock } = this;
    const builder = new RecordBatchBuilder({
      compression: random.pick(CODECS),
      transactional,
      ...(producer && {
        producerId: producer.id,
        producerEpoch: 3,
        baseSequence: producer.sequence,
      }),
    });
    const records: Omit<WrittenRecord, "offset" | "fate">[] = [];
    for (let count = 1 + random.nextInt(6); count > 0; count--) {
      const key = `key-${random.nextInt(12)}`;
      const value = random.chance(0.25)
        ? null
        : `${clock.nowMs()} ${random.nextInt(2 ** 31)} ${"v".repeat(random.nextInt(120))}`;
      const timestamp = clock.nowMs() - random.nextInt(100);
      const header = random.chance(0.2) ? `h${random.nextInt(100)}` : undefined;
      const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
      builder.append({
        timestamp,
        key: encode(key),
        value: value === null ? null : encode(value),
        headers: header === undefined ? [] : [{ key: "h", value: encode(header) }],
      });
      records.push({ key, value, timestamp, header });
    }
    const outcome = await this.send(builder.build(), {
      origin: "client",
      ...(transactional && { transaction: "verified" as const }),
    });
    if (producer) producer.sequence += records.length;
    for (const [index, record] of records.entries()) {
      const timestamp = outcome.logAppendTimeMs >= 0 ? outcome.logAppendTimeMs : record.timestamp;
      const written: WrittenRecord = {
        ...record,
        timestamp,
        offset: outcome.baseOffset + index,
        fate: transactional ? "open" : "counts",
      };
      this.written.set(written.offset, written);
      if (transactional) producer!.open.push(written);
    }
  }

  async endTransaction(producer: Producer): Promise<void> {
    const type = this.random.chance(0.5) ? ("commit" as const) : ("abort" as const);
    const marker = { type, coordinatorEpoch: 1, producerId: producer.id, producerEpoch: 3 };
    await this.send(buildControlBatch({ ...marker, timestamp: this.clock.nowMs() }), {
      origin: "coordinator",
    });
    for (const record of producer.open) record.fate = type === "commit" ? "counts" : "aborted";
    producer.open = [];
  }

  async endAllTransactions(): Promise<void> {
    for (const producer of this.#producers)
      if (producer.open.length > 0) await this.endTransaction(producer);
  }

  async send(
    bytes: Uint8Array,
    options: Pick<AppendRequest, "origin" | "transaction">,
  ): Promise<{ baseOffset: number; logAppendTimeMs: number }> {
    const records = this.engine.slabs.allocate(bytes.length);
    if (records === undefined) throw new Error("no slab");
    records.bytes.set(bytes);
    const outcome = await this.log.append({ records, leaderEpoch: 1, ...options });
    records.release();
    if (!outcome.ok) throw new Error(`append refused: ${outcome.errorCode} ${outcome.message}`);
    return outcome;
  }

  /** The last record of each key that counts, up to an offset. */
  lastByKey(belowOffset = Number.POSITIVE_INFINITY): Map<string, WrittenRecord> {
    const last = new Map<string, WrittenRecord>();
    for (const record of this.written.values())
      if (record.fate === "counts" && record.offset < belowOffset) last.set(record.key, record);
    return last;
  }

  readBytes(startOffset = this.log.logStartOffset): Promise<Buffer> {
    return readAll(this.log, startOffset);
  }
}

export interface FoundRecord {
  readonly offset: number;
  readonly key: string;
  readonly value: string | null;
  readonly timestamp: number;
  readonly header: string | undefined;
  readonly batch: RecordBatchView;
}

/** All records, those of aborted transactions too, but no markers. */
export function recordsOf(bytes: Uint8Array): FoundRecord[] {
  const found: FoundRecord[] = [];
  for (const batch of iterateBatches(bytes)) {
    if (!batch.isCrcValid()) throw new Error(`CRC of the batch at ${batch.baseOffset}`);
    if (batch.isControl) continue;
    for (const record of iterateRecords(batch, { maxDecompressedBytes: 1 << 20 })) {
      const text = (part: Uint8Array): string => Buffer.from(part).toString();
      const [header] = record.headers;
      found.push({
        offset: record.offset,
        key: text(record.key ?? new Uint8Array()),
        value: record.value === null ? null : text(record.value),
        timestamp: record.timestamp,
        header: header?.value ? text(header.value) : undefined,
        batch,
      });
    }
  }
  return found;
}

/** What a read_committed consumer sees: it drops what the aborted transactions of the fetch cover. */
export async function committedRecords(
  log: PartitionLog,
  bytes: Uint8Array,
): Promise<FoundRecord[]> {
  const aborted = [...(await log.abortedTransactions(log.logStartOffset, log.lastStableOffset))];
  aborted.sort((left, right) => left.firstOffset - right.firstOffset);
  const dropping = new Set<bigint>();
  const visible: FoundRecord[] = [];
  for (const batch of iterateBatches(bytes)) {
    if (batch.lastOffset >= log.lastStableOffset) break;
    while (aborted[0] !== undefined && aborted[0].firstOffset <= batch.lastOffset)
      dropping.add(BigInt(aborted.shift()!.producerId));
    if (batch.isControl) dropping.delete(batch.producerId);
    else if (!batch.isTransactional || !dropping.has(batch.producerId))
      visible.push(...recordsOf(batch.batchBytes()));
  }
  return visible;
}
