import { NodeFileSystem, silentLogger, SystemClock, SystemRandom } from "@ottla/runtime";
import { buildTestBatch } from "@ottla/testkit";
import { defaultLogConfig, WorkerEngine, type PartitionLog } from "../src/index.ts";

// A process that is made to be killed: four idempotent producers with five batches in flight each,
// over three partitions that roll often. Every acknowledgement is a line on stdout.

const PRODUCERS = 4;
const PARTITIONS = 3;
const IN_FLIGHT = 5;
const RECORDS_PER_BATCH = 2;
const CODECS = 5;

interface Orders {
  readonly directory: string;
  /** Batches acknowledged so far, by producer: the next one goes on from there and repeats what it never heard of. */
  readonly acknowledged: readonly number[];
  readonly life: number;
}

const orders = JSON.parse(process.argv[2] ?? "{}") as Orders;
const engine = new WorkerEngine({
  directory: orders.directory,
  fileSystem: new NodeFileSystem(),
  clock: new SystemClock(),
  random: new SystemRandom(),
  logger: {
    ...silentLogger,
    error: (message, fields) => process.stderr.write(`${message} ${JSON.stringify(fields)}\n`),
  },
  flush: "group",
  workers: 2,
});
await engine.open();
const logs: PartitionLog[] = [];
for (let partition = 0; partition < PARTITIONS; partition += 1) {
  const config = { ...defaultLogConfig, segmentBytes: 20_000 };
  logs.push(
    await engine.createPartition({
      topic: "orders",
      partition,
      topicId: "q6urq6urRoKrq6urq6urqw",
      config,
    }),
  );
}
for (let producer = 0; producer < PRODUCERS; producer += 1) produce(producer);

function produce(producer: number): void {
  let next = orders.acknowledged[producer] ?? 0;
  const sendOne = (): void => {
    const batch = next;
    next += 1;
    void send(producer, batch).then((baseOffset) => {
      process.stdout.write(`${producer} ${batch} ${baseOffset}\n`);
      sendOne();
    });
  };
  for (let flight = 0; flight < IN_FLIGHT; flight += 1) sendOne();
}

async function send(producer: number, batch: number): Promise<number> {
  const log = logs[producer % PARTITIONS];
  const bytes = buildTestBatch({
    producerId: BigInt(producer),
    producerEpoch: 0,
    baseSequence: batch * RECORDS_PER_BATCH,
    compression: ((producer + orders.life) % CODECS) as 0 | 1 | 2 | 3 | 4,
    timestamp: Date.now(),
    records: Array.from({ length: RECORDS_PER_BATCH }, (_, index) => ({
      value: `${producer}:${batch * RECORDS_PER_BATCH + index}`,
    })),
  });
  const records = engine.slabs.allocate(bytes.length);
  if (log === undefined || records === undefined) throw new Error("no room to append");
  records.bytes.set(bytes);
  const outcome = await log.append({ records, leaderEpoch: 0, origin: "client" });
  records.release();
  if (!outcome.ok) throw new Error(`append refused: ${outcome.message}`);
  return outcome.baseOffset;
}
