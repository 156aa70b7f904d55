/** Every topic setting that concerns the log: changed while the broker runs, and its effect seen. */
import { Api, CompressionType, ErrorCode, iterateBatches } from "@ottla/protocol";
import { MemoryFileSystem, SystemRandom } from "@ottla/runtime";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startOttla, type Ottla } from "../../start-ottla.ts";
import {
  batchOf,
  createTopic,
  fetchFrom,
  produceTo,
  type BatchOptions,
} from "../../test/requests.ts";
import { WireClient } from "../../test/wire-client.ts";

const HOUR_MS = 3_600_000;
/** Below it segment.jitter.ms is drawn at its largest, so that its effect does not hang on chance. */
const JITTER_MS = 9_000;

class LargestJitter extends SystemRandom {
  override nextInt(exclusiveMax: number): number {
    return exclusiveMax === JITTER_MS + 1 ? JITTER_MS : super.nextInt(exclusiveMax);
  }
}

let ottla: Ottla;
let client: WireClient;
let topic = "";
let topics = 0;
const fileSystem = new MemoryFileSystem(() => Date.now());

beforeAll(async () => {
  ottla = await startOttla({ fileSystem, random: new LargestJitter() });
  client = await WireClient.connect(ottla.port);
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await ottla.close();
});

beforeEach(async () => {
  topic = `t${(topics += 1)}`;
  await createTopic(client, topic);
});

/** Null takes a setting back to its default. */
async function alter(settings: Readonly<Record<string, string | null>>): Promise<void> {
  const configs = Object.entries(settings).map(([name, value]) => ({
    name,
    value,
    configOperation: value === null ? 1 : 0,
  }));
  const { responses } = await client.send(Api.IncrementalAlterConfigs, 1, {
    resources: [{ resourceType: 2, resourceName: topic, configs }],
    validateOnly: false,
  });
  if (responses[0]!.errorCode !== 0) throw new Error(`${responses[0]!.errorMessage}`);
}

const produce = (values: readonly string[], options: BatchOptions = {}) =>
  produceTo(client, { topic }, batchOf(values, options));
const filesOf = (suffix: string): string[] =>
  fileSystem.listSync(`/ottla/${topic}-0`).filter((name) => name.endsWith(suffix));
const segmentCount = (): number => filesOf(".log").length;
const runRetention = (): Promise<void> => ottla.broker.services.engine.runRetention();
const big = (bytes = 700_000): string => "x".repeat(bytes);

/** Produces one record and looks at how its batch is stored. */
async function stored(value: string, options: BatchOptions = {}) {
  const { baseOffset } = await produce([value], options);
  const { records } = await fetchFrom(client, topic, Number(baseOffset));
  const [batch] = [...iterateBatches(records!)];
  return { codec: batch!.compression, sizeBytes: batch!.sizeBytes };
}

describe("changed while the broker runs", () => {
  test("segment.bytes rolls the segment that is being written", async () => {
    await produce([big()]);
    await produce([big()]);
    expect(segmentCount()).toBe(1);
    await alter({ "segment.bytes": "1048576" });
    await produce([big()]);
    expect(segmentCount()).toBe(2);
    await alter({ "segment.bytes": null });
    await produce([big()]);
    expect(segmentCount()).toBe(2);
  });

  test("segment.ms rolls by the timestamps of records", async () => {
    const first = Date.now() - HOUR_MS;
    await produce(["a"], { timestamp: first });
    await produce(["b"], { timestamp: first + 5_000 });
    expect(segmentCount()).toBe(1);
    await alter({ "segment.ms": "8000" });
    await produce(["c"], { timestamp: first + 7_000 });
    expect(segmentCount()).toBe(1);
    await produce(["d"], { timestamp: first + 9_000 });
    expect(segmentCount()).toBe(2);
  });

  test("segment.jitter.ms is taken off segment.ms from the next segment on", async () => {
    const first = Date.now() - HOUR_MS;
    await alter({ "segment.ms": "10000" });
    await produce(["a"], { timestamp: first });
    await produce(["b"], { timestamp: first + 5_000 });
    expect(segmentCount()).toBe(1);
    await alter({ "segment.jitter.ms": String(JITTER_MS) });
    await produce(["c"], { timestamp: first + 11_000 });
    expect(segmentCount()).toBe(2);
    await produce(["d"], { timestamp: first + 13_000 });
    expect(segmentCount()).toBe(3);
  });

  test("segment.index.bytes and index.interval.bytes: a full index rolls, and its entries lie as close as asked", async () => {
    await alter({ "segment.index.bytes": "64" });
    for (let i = 0; i < 8; i++) await produce(["small"]);
    expect(segmentCount(), "no entry yet within 4096 bytes").toBe(1);
    await alter({ "index.interval.bytes": "0" });
    for (let i = 0; i < 16; i++) await produce(["small"]);
    expect(segmentCount()).toBeGreaterThanOrEqual(3);
    const before = segmentCount();
    await alter({ "segment.index.bytes": null });
    for (let i = 0; i < 8; i++) await produce(["small"]);
    expect(segmentCount()).toBe(before);
  });

  test("retention.ms removes what is old", async () => {
    await produce(["old"], { timestamp: Date.now() - HOUR_MS });
    await runRetention();
    expect((await fetchFrom(client, topic, 0)).logStartOffset).toBe(0n);
    await alter({ "retention.ms": "60000" });
    await runRetention();
    expect((await fetchFrom(client, topic, 1)).logStartOffset).toBe(1n);
  });

  test("retention.bytes removes what is too much", async () => {
    await alter({ "segment.bytes": "1048576" });
    for (let i = 0; i < 4; i++) await produce([big()]);
    await runRetention();
    expect((await fetchFrom(client, topic, 0)).errorCode).toBe(0);
    await alter({ "retention.bytes": "1300000" });
    await runRetention();
    expect((await fetchFrom(client, topic, 4)).logStartOffset).toBe(2n);
  });

  test("cleanup.policy: a compacted topic refuses records without a key and keeps what is old", async () => {
    const timestamp = Date.now() - HOUR_MS;
    await produce(["old"], { timestamp });
    await alter({ "cleanup.policy": "compact", "retention.ms": "1" });
    expect((await produce(["no key"])).errorCode).toBe(ErrorCode.INVALID_RECORD);
    expect((await produce(["v"], { key: "k" })).errorCode).toBe(0);
    await runRetention();
    expect((await fetchFrom(client, topic, 0)).errorCode).toBe(0);
    await alter({ "cleanup.policy": "delete" });
    expect((await produce(["no key"])).errorCode).toBe(0);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await runRetention();
    expect((await fetchFrom(client, topic, 3)).logStartOffset).toBe(3n);
  });

  test("file.delete.delay.ms says how long the files of removed segments stay", async () => {
    const removed = (): string[] => filesOf(".log.deleted");
    const timestamp = Date.now() - HOUR_MS;
    await alter({ "retention.ms": "60000" });
    await produce(["old"], { timestamp });
    await runRetention();
    expect(removed()).toHaveLength(1);
    await alter({ "file.delete.delay.ms": "0" });
    await produce(["old too"], { timestamp });
    await runRetention();
    await expect.poll(removed).toEqual(["00000000000000000000.log.deleted"]);
  });

  test("max.message.bytes", async () => {
    expect((await produce(["x".repeat(2_000)])).errorCode).toBe(0);
    await alter({ "max.message.bytes": "1000" });
    expect((await produce(["x".repeat(2_000)])).errorCode).toBe(ErrorCode.MESSAGE_TOO_LARGE);
    await alter({ "max.message.bytes": "3000000" });
    expect((await produce(["x".repeat(2_000_000)])).errorCode).toBe(0);
  });

  test("compression.type recompresses what arrives from then on", async () => {
    const codecOf = async (compression: CompressionType = CompressionType.NONE) =>
      (await stored(big(5_000), { compression })).codec;
    expect(await codecOf()).toBe(CompressionType.NONE);
    for (const [name, codec] of [
      ["gzip", CompressionType.GZIP],
      ["snappy", CompressionType.SNAPPY],
      ["lz4", CompressionType.LZ4],
      ["zstd", CompressionType.ZSTD],
    ] as const) {
      await alter({ "compression.type": name });
      expect(await codecOf()).toBe(codec);
    }
    await alter({ "compression.type": "uncompressed" });
    expect(await codecOf(CompressionType.GZIP)).toBe(CompressionType.NONE);
    await alter({ "compression.type": "producer" });
    expect(await codecOf(CompressionType.GZIP)).toBe(CompressionType.GZIP);
  });

  test.each([
    ["gzip", "compression.gzip.level", ["1", "9"]],
    ["zstd", "compression.zstd.level", ["-50", "19"]],
  ] as const)("levels of %s", async (codec, level, levels) => {
    const words = Array.from({ length: 20_000 }, (_, i) => `word${(i * 7919) % 1013}`).join(" ");
    const sizes: number[] = [];
    for (const value of levels) {
      await alter({ "compression.type": codec, [level]: value });
      sizes.push((await stored(words)).sizeBytes);
    }
    expect(sizes[1]!).toBeLessThan(sizes[0]! * 0.9);
  });

  test("message.timestamp.type", async () => {
    expect((await produce(["a"], { timestamp: Date.now() - HOUR_MS })).logAppendTimeMs).toBe(-1n);
    await alter({ "message.timestamp.type": "LogAppendTime" });
    const { logAppendTimeMs } = await produce(["a"], { timestamp: Date.now() - HOUR_MS });
    expect(Date.now() - Number(logAppendTimeMs)).toBeLessThan(60_000);
  });

  test("message.timestamp.before.max.ms and message.timestamp.after.max.ms", async () => {
    const past = Date.now() - 10 * 60_000;
    const future = Date.now() + 10 * 60_000;
    expect((await produce(["a"], { timestamp: past })).errorCode).toBe(0);
    expect((await produce(["a"], { timestamp: future })).errorCode).toBe(0);
    await alter({
      "message.timestamp.before.max.ms": "60000",
      "message.timestamp.after.max.ms": "60000",
    });
    expect((await produce(["a"], { timestamp: past })).errorCode).toBe(ErrorCode.INVALID_TIMESTAMP);
    expect((await produce(["a"], { timestamp: future })).errorCode).toBe(
      ErrorCode.INVALID_TIMESTAMP,
    );
  });

  test("min.insync.replicas", async () => {
    expect((await produce(["a"])).errorCode).toBe(0);
    await alter({ "min.insync.replicas": "2" });
    expect((await produce(["a"])).errorCode).toBe(ErrorCode.NOT_ENOUGH_REPLICAS);
    await alter({ "min.insync.replicas": null });
    expect((await produce(["a"])).errorCode).toBe(0);
  });
});
