import { NodeFileSystem, silentLogger, SystemClock, SystemRandom } from "@ottla/runtime";
import { defaultLogConfig, loadSnapshot, verifyLog, WorkerEngine } from "@ottla/storage";
import { appendOne } from "./append-one.ts";
import { readAll } from "./read-all.ts";

// A snapshot of a running log, and a branch of it that goes its own way. Both share the bytes of sealed segments.

const [, , root = "ottla-branches"] = process.argv;
const main = `${root}/main`;
const branch = `${root}/branch`;
const fileSystem = new NodeFileSystem();

async function openEngine(directory: string): Promise<WorkerEngine> {
  const seams = { fileSystem, clock: new SystemClock(), random: new SystemRandom() };
  const options = { directory, ...seams, logger: silentLogger, flush: "group" as const };
  const engine = new WorkerEngine({ ...options, workers: 1 });
  await engine.open();
  return engine;
}

const engine = await openEngine(main);
const log = await engine.createPartition({
  topic: "story",
  partition: 0,
  topicId: "q6urq6urRoKrq6urq6urqw",
  config: defaultLogConfig,
});
await appendOne(engine, log, { value: "once upon a time" });
await engine.saveSnapshot({ name: "opening", createdMs: Date.now() });
await appendOne(engine, log, { value: "they lived happily" });

const directoryId = "zMzMzMzMTMyMzMzMzMzMzA";
await loadSnapshot({ fileSystem, directory: main, name: "opening", target: branch, directoryId });
const other = await openEngine(branch);
const otherLog = other.partition("story", 0);
if (otherLog === undefined) throw new Error("the branch has no log");
await appendOne(other, otherLog, { value: "there was a dragon" });

for (const [name, one] of Object.entries({ main: log, branch: otherLog }))
  for await (const { value } of readAll(one)) process.stdout.write(`${name}: ${value}\n`);
await engine.close();
await other.close();
const { partitions } = await verifyLog(branch, { fileSystem, deep: true });
const findings = partitions.flatMap(({ findings: found }) => found);
process.stdout.write(`findings in the branch: ${findings.length}\n`);
