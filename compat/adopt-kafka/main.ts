// A data directory that Apache Kafka wrote goes on with Ottla: `ottla adopt`, then everything is read back with
// librdkafka and compared with what Kafka answered, byte by byte; committed offsets, the committed view of
// transactions, topic ids and what is written afterwards included. The suite starts both brokers itself.
import assert from "node:assert/strict";
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { ApacheKafka } from "../../tools/apache-kafka/apache-kafka.ts";
import { check, finish } from "../kafkajs/exercise/suite.ts";

const MAIN = path.join(import.meta.dirname, "../../apps/cli/src/main.ts");
const PYTHON = path.join(process.env["OTTLA_COMPAT_WORK"] ?? "", "bin/python");
const OTTLA = ["--conditions=@ottla/source", MAIN];
/** Long enough for Kafka's cleaner to have gone over the compacted topic. */
const CLEANING_MS = 8_000;

const run = promisify(execFile);

async function records(command: string, bootstrap: string): Promise<Record<string, unknown>> {
  const script = path.join(import.meta.dirname, "records.py");
  const { stdout } = await run(PYTHON, [script, command, bootstrap], { maxBuffer: 1 << 26 });
  return stdout.trim() === "" ? {} : (JSON.parse(stdout) as Record<string, unknown>);
}

async function startOttla(directory: string): Promise<{ bootstrap: string; broker: ChildProcess }> {
  const broker = spawn(
    process.execPath,
    [...OTTLA, "server", "--data-dir", directory, "--port", "0", "--log-level", "warn"],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  for await (const line of createInterface({ input: broker.stdout! })) {
    const address = /kafka=(\S+)/.exec(line)?.[1];
    if (address !== undefined) return { bootstrap: address, broker };
  }
  throw new Error("the server ended before it was ready");
}

async function stop(broker: ChildProcess): Promise<number | null> {
  broker.kill("SIGTERM");
  const [code] = (await once(broker, "exit")) as [number | null];
  return code;
}

const work = mkdtempSync(path.join(tmpdir(), "ottla-adopt-"));
const kafka = await ApacheKafka.create({
  directory: path.join(work, "kafka"),
  overrides: { "log.cleaner.backoff.ms": "500", "transaction.state.log.num.partitions": "5" },
});
const data = path.join(work, "ottla");
const logOf = (topic: string): Buffer =>
  readFileSync(path.join(kafka.dataDir, `${topic}-0`, "00000000000000000000.log"));
let broker: ChildProcess | undefined;
try {
  await kafka.start();
  const kafkaBootstrap = `127.0.0.1:${kafka.port}`;
  await records("write", kafkaBootstrap);
  await sleep(CLEANING_MS);
  const before = await records("read", kafkaBootstrap);
  await kafka.stop();

  await check("a server started on Kafka's own directory refuses and names the way", async () => {
    const started = run(process.execPath, [
      ...OTTLA,
      "server",
      "--data-dir",
      kafka.dataDir,
      "--port",
      "0",
    ]);
    await assert.rejects(started, /written by Apache Kafka.*ottla adopt/);
  });
  await check("ottla adopt takes the directory over and leaves the original alone", async () => {
    const log = logOf("adopt-none");
    const { stdout } = await run(process.execPath, [
      ...OTTLA,
      "adopt",
      kafka.dataDir,
      "--data-dir",
      data,
    ]);
    assert.match(stdout, /adopt-compacted.*cleanup\.policy=compact/);
    assert.deepEqual(logOf("adopt-none"), log);
  });
  await check("ottla verify-log --deep finds nothing wrong in what was adopted", async () => {
    const { stdout } = await run(process.execPath, [...OTTLA, "verify-log", "--deep", data]);
    assert.match(stdout, /0 damaged {2}· {2}0 repairable/);
  });
  const ottla = await startOttla(data);
  broker = ottla.broker;
  const after = await records("read", ottla.bootstrap);
  for (const [name, found] of Object.entries(before)) {
    await check(`${name} is what Kafka answered`, async () => assert.deepEqual(after[name], found));
  }
  const appended = (await records("append", ottla.bootstrap)) as Record<string, number>;
  await check("records written afterwards follow at the end", async () => {
    for (const [partition, offset] of Object.entries(appended)) {
      const { high } = before[`${partition} read_uncommitted`] as { high: number };
      assert.ok(offset >= high, `${partition}: ${offset}, the log ended at ${high}`);
    }
  });
  await check("it stops and starts again with everything", async () => {
    assert.equal(await stop(ottla.broker), 0);
    broker = undefined;
    const again = await startOttla(data);
    broker = again.broker;
    const found = await records("read", again.bootstrap);
    assert.deepEqual(found["committed"], before["committed"]);
  });
  await check("Kafka's sealed segments are shared, not copied", async () => {
    const { nlink } = statSync(path.join(data, "adopt-none-0", "00000000000000000000.log"));
    assert.ok(nlink > 1, `${nlink} link`);
  });
} finally {
  if (broker !== undefined) await stop(broker);
  await kafka.kill();
  rmSync(work, { recursive: true, force: true });
}
finish();
