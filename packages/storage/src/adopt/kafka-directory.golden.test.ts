import { iterateBatches, iterateRecords } from "@ottla/protocol";
import { NodeFileSystem, silentLogger, SystemClock } from "@ottla/runtime";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { defaultLogConfig } from "../log/log-config.ts";
import { loadLog } from "../recovery/log-loader.ts";
import { verifyLog } from "../verify/verify-log.ts";
import { copyPartitions } from "./copy-partitions.ts";

// Written by Apache Kafka 4.3.1: five records in each codec, a committed and an aborted transaction of three.
const GOLDEN = join(import.meta.dirname, "../../test-support/kafka-directory");
const KEYS = ["none", "gzip", "snappy", "lz4", "zstd"].flatMap((codec) =>
  [0, 1, 2, 3, 4].map((number) => `${codec}-${number}`),
);
const fileSystem = new NodeFileSystem();
let work = "";

beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), "ottla-golden-"));
  cpSync(GOLDEN, join(work, "kafka"), { recursive: true });
});

afterEach(() => rmSync(work, { recursive: true }));

test("what Kafka wrote passes every check", async () => {
  const found = await verifyLog(GOLDEN, { fileSystem, deep: true });
  expect(found).toMatchObject({
    findings: [],
    partitions: [{ name: "golden-0", logEndOffset: 33, findings: [] }],
  });
});

test.each([true, false])(
  "an adopted log gives the records of Kafka (clean stop believed: %s)",
  async (cleanShutdown) => {
    const to = join(work, "ottla");
    fileSystem.makeDirectorySync(to);
    const [adopted] = await copyPartitions({
      fileSystem,
      from: join(work, "kafka"),
      to,
      wanted: () => true,
    });
    expect(adopted).toMatchObject({ topic: "golden", partition: 0 });
    expect(adopted!.maxProducerId).toBeGreaterThanOrEqual(0n);
    const { log, recovery } = loadLog({
      fileSystem,
      clock: new SystemClock(),
      logger: silentLogger,
      directory: join(to, "golden-0"),
      topicPartition: { topic: "golden", partition: 0 },
      config: defaultLogConfig,
      cleanShutdown,
      recoveryPoint: 33,
    });
    expect(recovery).toMatchObject({ logEndOffset: 33, truncatedBytes: 0 });
    const keys: string[] = [];
    const target = new Uint8Array(1 << 16);
    for (let startOffset = 0; startOffset < 33;) {
      const read = await log!.readInto(
        { startOffset, maxBytes: target.length, limitOffset: 33, minOneBatch: true },
        target,
      );
      if (!read.ok || !("nextOffset" in read)) throw new Error("not readable");
      for (const batch of iterateBatches(target.subarray(0, read.sizeBytes)))
        if (!batch.isControl)
          for (const { key } of iterateRecords(batch, { maxDecompressedBytes: 1 << 16 }))
            keys.push(Buffer.from(key!).toString());
      startOffset = read.nextOffset;
    }
    expect(keys).toEqual([
      ...KEYS,
      ...Array<string>(3).fill("abort=False"),
      ...Array<string>(3).fill("abort=True"),
    ]);
    await log!.close();
  },
);
