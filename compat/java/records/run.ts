/** Record batches between our codec and Kafka's own classes, both ways, in every codec. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import {
  COMPRESSION_NAMES,
  murmur2,
  partitionForKey,
  RecordBatchView,
  validateRecords,
} from "@ottla/protocol";
import {
  buildDescribed,
  describeBatch,
  type BatchDescription,
} from "../../../packages/protocol/src/records/golden/describe-batch.ts";
import { controlBatch, randomBatch, SeededRandom } from "./random-batch.ts";

const batchesPerCodec = 60;
const maxRecords = 60;
const hashes = 20_000;
const maxDecompressedBytes = 16 * 1024 * 1024;

const classes = process.env["OTTLA_COMPAT_WORK"];
if (classes === undefined) {
  throw new Error(
    "OTTLA_COMPAT_WORK must name the directory with the compiled classes and class path",
  );
}
const classPath = [
  path.join(classes, "classes"),
  readFileSync(path.join(classes, "classpath"), "utf8").trim(),
].join(path.delimiter);
const temporary = mkdtempSync(path.join(os.tmpdir(), "ottla-java-records-"));
const seed = Number(process.env["OTTLA_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
let failed = 0;

function java(...parameters: string[]): void {
  execFileSync("java", ["-cp", classPath, "ottla.compat.RecordsExchange", ...parameters], {
    stdio: ["ignore", "inherit", "pipe"],
  });
}

function linesOf<T>(file: string): T[] {
  const text = readFileSync(file, "utf8").trimEnd();
  return text.split("\n").map((line) => JSON.parse(line) as T);
}

/** One result line; `find` returns the first difference, or undefined when there is none. */
function check(title: string, find: () => string | undefined): void {
  let difference: string | undefined;
  try {
    difference = find();
  } catch (error) {
    difference = String(error);
  }
  if (difference === undefined) {
    console.log(`ok - ${title}`);
  } else {
    failed++;
    console.log(`not ok - ${title} # ${difference.replaceAll("\n", " ")} (OTTLA_SEED=${seed})`);
  }
}

/** Names the first field that differs, because whole batches do not fit a line. */
function differenceOf(ours: object, kafkas: object): string | undefined {
  const other = new Map(Object.entries(kafkas));
  for (const [field, value] of Object.entries(ours)) {
    if (!isDeepStrictEqual(value, other.get(field))) {
      const show = (item: unknown): string => JSON.stringify(item)?.slice(0, 200) ?? "absent";
      return `${field}: ours ${show(value)}, Kafka's ${show(other.get(field))}`;
    }
  }
  return undefined;
}

function viewOf(batch: BatchDescription): RecordBatchView {
  return new RecordBatchView(new Uint8Array(Buffer.from(batch.bytes, "base64")));
}

function readsJavas(batch: BatchDescription): string | undefined {
  const view = viewOf(batch);
  if (!view.isCrcValid()) return `CRC of a batch at ${batch.baseOffset}`;
  const verdict = validateRecords(view, { maxDecompressedBytes });
  if (!verdict.ok) return `validation: ${verdict.reason} at record ${verdict.recordIndex}`;
  return differenceOf(describeBatch(view), batch);
}

function writesTheSameBytes(batch: BatchDescription): string | undefined {
  // With LogAppendTime the description no longer says which timestamps the bytes hold.
  if (batch.timestampType !== 0) return undefined;
  const bytes = Buffer.from(buildDescribed(batch)).toString("base64");
  return bytes === batch.bytes ? undefined : `bytes of the batch at ${batch.baseOffset} differ`;
}

function firstDifference<T>(
  items: readonly T[],
  find: (item: T) => string | undefined,
): string | undefined {
  if (items.length === 0) return "nothing to compare";
  for (const item of items) {
    const difference = find(item);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function checkJavaToOttla(): void {
  const file = path.join(temporary, "java.jsonl");
  java("write", file, String(seed), String(batchesPerCodec), String(maxRecords));
  const batches = linesOf<BatchDescription>(file);
  for (const codec of COMPRESSION_NAMES) {
    const mine = batches.filter((batch) => batch.compression === codec && !batch.control);
    check(`reads ${batchesPerCodec} batches that Kafka wrote with ${codec}`, () =>
      mine.length === batchesPerCodec
        ? firstDifference(mine, readsJavas)
        : `${mine.length} batches`,
    );
  }
  const plain = batches.filter((batch) => batch.compression === "none" && !batch.control);
  check("writes uncompressed batches byte for byte as Kafka", () =>
    firstDifference(plain, writesTheSameBytes),
  );
  const markers = batches.filter((batch) => batch.control);
  check("reads Kafka's commit and abort markers", () => firstDifference(markers, readsJavas));
  check("writes markers byte for byte as Kafka", () =>
    firstDifference(markers, writesTheSameBytes),
  );
}

function checkOttlaToJava(): void {
  const random = new SeededRandom(seed);
  const ours = COMPRESSION_NAMES.flatMap((codec) =>
    Array.from({ length: batchesPerCodec }, (_, index) =>
      randomBatch(random, codec, index === batchesPerCodec - 1),
    ),
  );
  ours.push(controlBatch(random, "commit"), controlBatch(random, "abort"));
  const input = path.join(temporary, "ottla.txt");
  const output = path.join(temporary, "ottla.jsonl");
  writeFileSync(input, ours.map((batch) => `${batch.bytes}\n`).join(""));
  java("read", input, output);
  const kafkas = linesOf<BatchDescription | { error: string }>(output);
  const pairs = ours.map((batch, index) => ({ ours: batch, kafkas: kafkas[index] }));
  const compare = (pair: (typeof pairs)[number]): string | undefined => {
    if (pair.kafkas === undefined) return "Kafka's program printed no line";
    if ("error" in pair.kafkas) return Buffer.from(pair.kafkas.error, "base64").toString("utf8");
    return differenceOf(pair.ours, pair.kafkas);
  };
  for (const codec of COMPRESSION_NAMES) {
    const mine = pairs.filter((pair) => pair.ours.compression === codec && !pair.ours.control);
    check(`Kafka reads ${batchesPerCodec} batches that the builder wrote with ${codec}`, () =>
      firstDifference(mine, compare),
    );
  }
  check("Kafka reads our commit and abort markers", () =>
    firstDifference(
      pairs.filter((pair) => pair.ours.control),
      compare,
    ),
  );
}

interface HashLine {
  readonly key: string;
  readonly hash: number;
  readonly partitions: number;
  readonly partition: number;
}

function checkHashes(): void {
  const file = path.join(temporary, "hashes.jsonl");
  java("hash", file, String(seed), String(hashes));
  check(`hashes ${hashes} keys as Kafka and finds their partitions`, () =>
    firstDifference(linesOf<HashLine>(file), (line) => {
      const key = Buffer.from(line.key, "base64");
      const hash = murmur2(key);
      const partition = partitionForKey(key, line.partitions);
      if (hash === line.hash && partition === line.partition) return undefined;
      return `key ${line.key}: ours ${hash} in ${partition}, Kafka's ${line.hash} in ${line.partition}`;
    }),
  );
}

try {
  console.log(`seed ${seed}; replay with OTTLA_SEED=${seed}`);
  checkJavaToOttla();
  checkOttlaToJava();
  checkHashes();
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
process.exitCode = failed === 0 ? 0 : 1;
