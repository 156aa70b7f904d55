// Kafka's own DumpLogSegments judges the files that our engine writes: no complaint, and every field as it was sent.
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { runJavaTool } from "../../tools/apache-kafka/java-process.ts";
import { check, finish } from "../kafkajs/exercise/suite.ts";
import { writeLogs, type WrittenBatch, type WrittenLog } from "./write-logs.ts";

const DUMPED_SUFFIXES = [".log", ".index", ".timeindex", ".txnindex", ".snapshot"];
const COMPLAINTS = /isvalid: false|mismatch|Found |Exception|Could not|corrupt|Non-consecutive/i;

const directory = mkdtempSync(path.join(tmpdir(), "ottla-dump-"));
const written = await writeLogs(directory);
const classPath = readFileSync(
  process.env["OTTLA_COMPAT_KAFKA_CLASSPATH_FILE"] ?? "",
  "utf8",
).trim();

function filesOf(log: WrittenLog): string[] {
  const folder = path.join(directory, `${log.name}-0`);
  return readdirSync(folder)
    .filter((name) => DUMPED_SUFFIXES.some((suffix) => name.endsWith(suffix)))
    .map((name) => path.join(folder, name));
}

/** One JVM for all: what it says, by file. */
async function dumpAll(): Promise<Map<string, string[]>> {
  const files = written.flatMap(filesOf).join(",");
  const parameters = ["--deep-iteration", "--print-data-log", "--files", files];
  const output = await runJavaTool(classPath, "org.apache.kafka.tools.DumpLogSegments", parameters);
  const byFile = new Map<string, string[]>();
  let lines: string[] = [];
  for (const line of output.split("\n")) {
    const [, file] = /^Dumping (\S+)$/.exec(line) ?? [];
    if (file === undefined) {
      lines.push(line);
      continue;
    }
    lines = [];
    byFile.set(path.resolve(file), lines);
  }
  return byFile;
}

function field(line: string, name: string): string {
  const [, value = ""] = new RegExp(`(?:^|[ |])${name}: (\\S+)`).exec(line) ?? [];
  return value;
}

function linesOf(dumped: Map<string, string[]>, log: WrittenLog, suffix: string): string[] {
  const files = filesOf(log).filter((file) => file.endsWith(suffix));
  return files.flatMap((file) => {
    const lines = dumped.get(file);
    assert.ok(lines !== undefined, `${file} was not dumped`);
    return lines;
  });
}

function compareBatch(line: string, batch: WrittenBatch): void {
  const expected = {
    count: String(batch.count),
    producerId: String(batch.producerId),
    baseSequence: String(batch.baseSequence),
    isTransactional: String(batch.isTransactional),
    isControl: String(batch.isControl),
    partitionLeaderEpoch: "5",
    compresscodec: batch.codec,
    isvalid: "true",
  };
  const found = Object.fromEntries(Object.keys(expected).map((name) => [name, field(line, name)]));
  assert.deepEqual(found, expected, line);
}

function compareLog(dumped: Map<string, string[]>, log: WrittenLog): void {
  const lines = linesOf(dumped, log, ".log");
  const batches = lines.filter((line) => line.startsWith("baseOffset: "));
  assert.deepEqual(
    batches.map((line) => Number(field(line, "baseOffset"))),
    log.batches.map(({ baseOffset }) => baseOffset),
  );
  for (const [index, line] of batches.entries()) compareBatch(line, log.batches[index]!);
  const payloads = lines.flatMap((line) => /payload: (.*)$/.exec(line)?.[1] ?? []);
  assert.deepEqual(
    payloads,
    log.batches.flatMap((batch) => batch.payloads),
  );
  if (log.name === "append-time") assert.ok(lines.some((line) => line.includes("LogAppendTime: ")));
}

try {
  const dumped = await dumpAll();
  await check("DumpLogSegments complains about no file", async () => {
    assert.equal(dumped.size, written.flatMap(filesOf).length);
    for (const [file, lines] of dumped)
      for (const line of lines)
        assert.ok(!COMPLAINTS.test(line.replace(/payload: .*$/, "")), `${file}: ${line}`);
  });
  for (const log of written) {
    await check(`every field of the ${log.name} log is as it was sent`, async () => {
      assert.ok(filesOf(log).filter((file) => file.endsWith(".log")).length > 1, "it never rolled");
      compareLog(dumped, log);
    });
  }
  await check("offset and time indexes have entries", async () => {
    for (const log of written) {
      assert.ok(
        linesOf(dumped, log, ".index").some((line) => field(line, "position") !== ""),
        log.name,
      );
      assert.ok(
        linesOf(dumped, log, ".timeindex").some((line) => field(line, "timestamp") !== ""),
        log.name,
      );
    }
  });
  await check(
    "the transaction indexes name every abort, the markers their coordinator",
    async () => {
      const log = written.find(({ name }) => name === "transactional")!;
      const markers = linesOf(dumped, log, ".log").filter((line) => line.includes("endTxnMarker"));
      const aborts = markers.filter((line) => line.includes("endTxnMarker: ABORT"));
      assert.equal(markers.length, log.batches.filter(({ isControl }) => isControl).length);
      assert.ok(aborts.length > 3);
      for (const line of markers) assert.equal(field(line, "coordinatorEpoch"), "7");
      const indexed = linesOf(dumped, log, ".txnindex").filter((line) =>
        line.includes("producerId: "),
      );
      assert.deepEqual(
        indexed.map((line) => field(line, "lastOffset")),
        aborts.map((line) => field(line, "offset")),
      );
    },
  );
  await check("the snapshots name both producers with their last sequence", async () => {
    const log = written.find(({ name }) => name === "idempotent")!;
    const snapshots = filesOf(log).filter((file) => file.endsWith(".snapshot"));
    const last = dumped.get(snapshots.at(-1)!)!.filter((line) => line.includes("producerId: "));
    assert.deepEqual(last.map((line) => field(line, "producerId")).toSorted(), ["1000", "1001"]);
    for (const line of last)
      assert.equal(field(line, "lastSequence") || field(line, "lastDataSequence"), "59", line);
  });
} finally {
  rmSync(directory, { recursive: true, force: true });
}
finish();
