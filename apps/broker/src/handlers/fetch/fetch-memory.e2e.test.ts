import { MemoryFileSystem, SystemClock, SystemRandom, silentLogger } from "@ottla/runtime";
import { LocalEngine } from "@ottla/storage";
import { Api, type FetchResponse } from "@ottla/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Broker } from "../../broker.ts";
import { loadBrokerConfig } from "../../config/broker-config.ts";
import { DirectoryIdentities } from "../../directory-identities.ts";
import { batchOf, createTopic, produceTo, valuesOf } from "../../test/requests.ts";
import { WireClient } from "../../test/wire-client.ts";

const MEBIBYTE = 1024 * 1024;
const DIRECTORY = "/ottla";
const PARTITIONS = 4;
const BATCHES_PER_PARTITION = 12;
const CONSUMERS = 8;
/** Memory for two reads of one partition each: fewer than there are consumers, and fewer than one response wants. */
const READ_BUDGET_BYTES = 2 * MEBIBYTE;
/** The tail keeps nothing, so that every fetch reads from disk. */
const TAIL_BUDGET_BYTES = 0;

let broker: Broker;
let topicId: string;

beforeAll(async () => {
  const clock = new SystemClock();
  const seams = { clock, random: new SystemRandom(), logger: silentLogger };
  const fileSystem = new MemoryFileSystem(() => clock.nowMs());
  const overrides = [
    "listeners=PLAINTEXT://127.0.0.1:0",
    `log.dirs=${DIRECTORY}`,
    "offsets.topic.num.partitions=1",
  ];
  const config = loadBrokerConfig({ overrides }, { processors: 1 });
  const engine = new LocalEngine({
    ...seams,
    fileSystem,
    directory: DIRECTORY,
    flush: config.flush,
    tailBudgetBytes: TAIL_BUDGET_BYTES,
    readBudgetBytes: READ_BUDGET_BYTES,
  });
  const { random } = seams;
  const identities = new DirectoryIdentities({ fileSystem, random, directories: [DIRECTORY] });
  broker = await Broker.start({ ...seams, config, fileSystem, engine, identities });
  await using client = await WireClient.connect(broker.address.port);
  topicId = await createTopic(client, "cold", { numPartitions: PARTITIONS });
  const value = "v".repeat(100_000);
  for (let partition = 0; partition < PARTITIONS; partition++) {
    for (let batch = 0; batch < BATCHES_PER_PARTITION; batch++) {
      await produceTo(client, { topic: "cold", partition }, batchOf([value]));
    }
  }
});

afterAll(() => broker.close());

function fetchAllPartitions(client: WireClient, next: readonly number[]): Promise<FetchResponse> {
  const partitions = next.map((offset, partition) => ({
    partition,
    fetchOffset: BigInt(offset),
    partitionMaxBytes: MEBIBYTE,
  }));
  return client.send(Api.Fetch, 13, {
    maxWaitMs: 100,
    minBytes: 1,
    maxBytes: 50 * MEBIBYTE,
    sessionEpoch: -1,
    topics: [{ topicId, partitions }],
  });
}

/** Reads all partitions to their ends; the offsets must have no hole. */
async function readEverything(): Promise<readonly number[]> {
  await using client = await WireClient.connect(broker.address.port);
  const next = Array.from({ length: PARTITIONS }, () => 0);
  while (next.some((offset) => offset < BATCHES_PER_PARTITION)) {
    const { responses } = await fetchAllPartitions(client, next);
    const returned = responses.flatMap(({ partitions }) => partitions);
    // Every answer brings the reader on, or it would ask the same for ever.
    expect(returned.some((partition) => valuesOf(partition).length > 0)).toBe(true);
    for (const partition of returned) {
      const offsets = valuesOf(partition).map((value) => Number.parseInt(value, 10));
      const from = next[partition.partitionIndex] ?? 0;
      expect(offsets).toEqual(offsets.map((_, index) => from + index));
      next[partition.partitionIndex] = from + offsets.length;
    }
  }
  return next;
}

describe("Fetch from disk with less memory than its readers want", () => {
  test("gives each reader what there is room for, and never lets them wait for each other for ever", async () => {
    const readers = Array.from({ length: CONSUMERS }, () => readEverything());
    const complete = Array.from({ length: PARTITIONS }, () => BATCHES_PER_PARTITION);
    expect(await Promise.all(readers)).toEqual(Array.from({ length: CONSUMERS }, () => complete));
  });
});
