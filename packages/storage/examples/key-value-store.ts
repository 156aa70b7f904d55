import { NodeFileSystem, silentLogger, SystemClock, SystemRandom } from "@ottla/runtime";
import { defaultLogConfig, LocalEngine } from "@ottla/storage";
import { appendOne } from "./append-one.ts";
import { readAll } from "./read-all.ts";

// A table in a compacted log: the last record of a key is its value, a null value deletes the key, and compaction
// keeps the log about as large as the table. All of it in this thread: no worker is started.

const [, , directory = "ottla-table"] = process.argv;
const engine = new LocalEngine({
  directory,
  fileSystem: new NodeFileSystem(),
  clock: new SystemClock(),
  random: new SystemRandom(),
  logger: silentLogger,
  flush: "group",
});
await engine.open();
const log = await engine.createPartition({
  topic: "table",
  partition: 0,
  topicId: "q6urq6urRoKrq6urq6urqw",
  // Small segments, so that there are sealed ones: the segment that grows is not compacted.
  config: { ...defaultLogConfig, cleanupPolicy: ["compact"], segmentBytes: 1000 },
});
for (let round = 0; round < 30; round += 1) {
  await appendOne(engine, log, { key: "tea", value: `${round} cups` });
  await appendOne(engine, log, { key: "milk", value: round === 29 ? null : `${round} jugs` });
}
const before = log.sizeBytes;
await engine.runCleaner();

const table = new Map<string, string>();
for await (const { key, value } of readAll(log)) {
  if (key === null) continue;
  if (value === null) table.delete(key);
  else table.set(key, value);
}
for (const [key, value] of table) process.stdout.write(`${key}: ${value}\n`);
process.stdout.write(`compaction made the log smaller: ${log.sizeBytes < before / 2}\n`);
await engine.close();
