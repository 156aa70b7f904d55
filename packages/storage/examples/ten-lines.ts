import { iterateBatches, RecordBatchBuilder } from "@ottla/protocol";
import { NodeFileSystem, silentLogger, SystemClock, SystemRandom } from "@ottla/runtime";
import { allocateWhenSpace, defaultLogConfig, WorkerEngine } from "@ottla/storage";

const [, , directory = "ottla-example"] = process.argv;
const seams = {
  fileSystem: new NodeFileSystem(),
  clock: new SystemClock(),
  random: new SystemRandom(),
};
const engine = new WorkerEngine({
  directory,
  ...seams,
  logger: silentLogger,
  flush: "group",
  workers: 1,
});
await engine.open();
const log = await engine.createPartition({
  topic: "greetings",
  partition: 0,
  topicId: "q6urq6urRoKrq6urq6urqw",
  config: defaultLogConfig,
});
const batch = new RecordBatchBuilder({});
batch.append({
  timestamp: Date.now(),
  key: null,
  value: new TextEncoder().encode("hello"),
  headers: [],
});
const bytes = batch.build();
const records = await allocateWhenSpace(engine.slabs, bytes.length);
records.bytes.set(bytes);
const appended = await log.append({ records, leaderEpoch: 0, origin: "client" });
records.release();
if (appended.ok) process.stdout.write(`durable at offset ${appended.baseOffset}\n`);
const read = await log.read({
  startOffset: 0,
  limitOffset: log.durableOffset,
  maxBytes: 1_000_000,
  minOneBatch: true,
});
for (const slice of read.ok ? read.slices : [])
  for (const view of iterateBatches(slice))
    process.stdout.write(`batch at ${view.baseOffset}: ${view.recordCount} records\n`);
if (read.ok) read.release();
await engine.close();
