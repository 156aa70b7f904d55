// Logs of every kind, written by our engine to a real disk, and what was put into them.
import { buildControlBatch, CompressionType, RecordBatchBuilder } from "@ottla/protocol";
import { NodeFileSystem, silentLogger, SystemClock, SystemRandom } from "@ottla/runtime";
import {
  allocateWhenSpace,
  defaultLogConfig,
  LocalEngine,
  type AppendRequest,
  type LogConfig,
} from "@ottla/storage";

export interface WrittenBatch {
  readonly baseOffset: number;
  readonly count: number;
  readonly codec: string;
  readonly producerId: number;
  readonly baseSequence: number;
  readonly isTransactional: boolean;
  readonly isControl: boolean;
  readonly payloads: readonly string[];
}

export interface WrittenLog {
  readonly name: string;
  readonly batches: readonly WrittenBatch[];
}

const BATCHES = 40;
const RECORDS = 3;
const BASE_CONFIG: LogConfig = {
  ...defaultLogConfig,
  segmentBytes: 4_000,
  indexIntervalBytes: 500,
  retentionMs: -1,
};

interface Kind {
  readonly name: string;
  readonly config?: Partial<LogConfig>;
  readonly codec?: keyof typeof CompressionType;
  readonly idempotent?: boolean;
  /** Commit and abort in turns, a marker after every fourth batch. */
  readonly transactional?: boolean;
}

const KINDS: readonly Kind[] = [
  { name: "plain" },
  { name: "gzip", codec: "GZIP" },
  { name: "snappy", codec: "SNAPPY" },
  { name: "lz4", codec: "LZ4" },
  { name: "zstd", codec: "ZSTD" },
  { name: "recompressed", config: { compressionType: "zstd" } },
  { name: "append-time", config: { messageTimestampType: "LogAppendTime" } },
  { name: "idempotent", idempotent: true },
  { name: "transactional", idempotent: true, transactional: true },
];

/** Writes a topic of one partition per kind; the last segment is closed with its indexes. */
export async function writeLogs(directory: string): Promise<WrittenLog[]> {
  const engine = new LocalEngine({
    directory,
    fileSystem: new NodeFileSystem(),
    clock: new SystemClock(),
    random: new SystemRandom(),
    logger: silentLogger,
    flush: "group",
  });
  await engine.open();
  const written: WrittenLog[] = [];
  for (const kind of KINDS) written.push(await writeLog(engine, kind));
  await engine.close();
  return written;
}

async function writeLog(engine: LocalEngine, kind: Kind): Promise<WrittenLog> {
  const topicId = Buffer.from(new SystemRandom().bytes(16)).toString("base64url");
  const config = { ...BASE_CONFIG, ...kind.config };
  const log = await engine.createPartition({ topic: kind.name, partition: 0, topicId, config });
  const batches: WrittenBatch[] = [];
  const append = async (bytes: Uint8Array, rest: Partial<AppendRequest>): Promise<number> => {
    const records = await allocateWhenSpace(engine.slabs, bytes.length);
    records.bytes.set(bytes);
    const outcome = await log.append({ records, leaderEpoch: 5, origin: "client", ...rest });
    records.release();
    if (!outcome.ok) throw new Error(`${kind.name}: ${outcome.message}`);
    return outcome.baseOffset;
  };
  for (let index = 0; index < BATCHES; index++) {
    const producerId = kind.idempotent ? 1000 + (index % 2) : -1;
    const baseSequence = kind.idempotent ? Math.floor(index / 2) * RECORDS : -1;
    const payloads = Array.from(
      { length: RECORDS },
      (_, i) => `${kind.name} ${index} ${i} ${".".repeat(50)}`,
    );
    const bytes = buildBatch(kind, { producerId, baseSequence, payloads });
    const baseOffset = await append(bytes, kind.transactional ? { transaction: "verified" } : {});
    const codec = kind.config?.compressionType ?? kind.codec?.toLowerCase() ?? "none";
    const isTransactional = kind.transactional === true;
    const rest = { codec, producerId, baseSequence, isTransactional, isControl: false, payloads };
    batches.push({ baseOffset, count: RECORDS, ...rest });
    if (!isTransactional || index % 4 < 2) continue;
    const type = index % 8 < 4 ? "commit" : "abort";
    const marker = buildControlBatch({
      type,
      coordinatorEpoch: 7,
      producerId: BigInt(producerId),
      producerEpoch: 0,
      timestamp: Date.now(),
    });
    batches.push({
      baseOffset: await append(marker, { origin: "coordinator" }),
      count: 1,
      codec: "none",
      producerId,
      baseSequence: -1,
      isTransactional: true,
      isControl: true,
      payloads: [],
    });
  }
  return { name: kind.name, batches };
}

function buildBatch(
  kind: Kind,
  {
    producerId,
    baseSequence,
    payloads,
  }: Pick<WrittenBatch, "producerId" | "baseSequence" | "payloads">,
): Uint8Array {
  const builder = new RecordBatchBuilder({
    compression: CompressionType[kind.codec ?? "NONE"],
    ...(producerId < 0 ? {} : { producerId: BigInt(producerId), producerEpoch: 0, baseSequence }),
    ...(kind.transactional ? { transactional: true } : {}),
  });
  for (const payload of payloads)
    builder.append({ timestamp: Date.now(), key: null, value: Buffer.from(payload), headers: [] });
  return builder.build();
}
