/** The topic settings of compaction: changed while the broker runs, and seen in what the cleaner does. */
import { RecordBatchBuilder, iterateBatches, iterateRecords, Api } from "@ottla/protocol";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { startOttla, type Ottla } from "../../start-ottla.ts";
import { createTopic, fetchFrom, produceTo } from "../../test/requests.ts";
import { WireClient } from "../../test/wire-client.ts";

const HOUR_MS = 3_600_000;
/** Two values do not fit into one segment of 1 MiB. */
const VALUE = Buffer.alloc(700_000, "v");
const MAX_BYTES = 4_000_000;

let ottla: Ottla;
let client: WireClient;
let topic = "";
let topics = 0;

beforeAll(async () => {
  // The cleaner runs when the test says so.
  ottla = await startOttla({ settings: { "log.cleaner.backoff.ms": 10 * HOUR_MS } });
  client = await WireClient.connect(ottla.port);
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await ottla.close();
});

beforeEach(async () => {
  topic = `t${(topics += 1)}`;
  const configs = {
    "cleanup.policy": "compact",
    "segment.bytes": "1048576",
    "min.cleanable.dirty.ratio": "0",
  };
  await createTopic(client, topic, { configs });
});

async function alter(settings: Readonly<Record<string, string>>): Promise<void> {
  const configs = Object.entries(settings).map(([name, value]) => ({
    name,
    value,
    configOperation: 0,
  }));
  const resources = [{ resourceType: 2, resourceName: topic, configs }];
  const { responses } = await client.send(Api.IncrementalAlterConfigs, 1, {
    resources,
    validateOnly: false,
  });
  expect(responses[0]!.errorMessage).toBeNull();
}

/** A null value is a tombstone. Each record lands in a segment of its own. */
async function put(
  key: string,
  value: Uint8Array | null = VALUE,
  timestamp = Date.now(),
): Promise<void> {
  const builder = new RecordBatchBuilder();
  builder.append({ timestamp, key: Buffer.from(key), value, headers: [] });
  if (value === null)
    builder.append({ timestamp, key: Buffer.from("padding"), value: VALUE, headers: [] });
  expect((await produceTo(client, { topic }, builder.build())).errorCode).toBe(0);
}

async function clean(): Promise<void> {
  const { logs } = await ottla.broker.services.engine.runCleaner();
  for (const one of logs) expect(one.outcome, one.reason).toBe("cleaned");
}

/** `offset:key` of all that a consumer is given. */
async function kept(): Promise<string[]> {
  const found: string[] = [];
  let next = 0;
  for (;;) {
    const { records, highWatermark } = await fetchFrom(client, topic, next, {
      partitionMaxBytes: 20_000_000,
    });
    for (const batch of iterateBatches(records ?? new Uint8Array())) {
      for (const { offset, key, value } of iterateRecords(batch, {
        maxDecompressedBytes: MAX_BYTES,
      })) {
        const name = Buffer.from(key!).toString();
        if (offset >= next && name !== "padding")
          found.push(`${offset}:${name}${value ? "" : " deleted"}`);
      }
      next = Number(batch.lastOffset) + 1;
    }
    if (next >= Number(highWatermark)) return found;
  }
}

test("min.compaction.lag.ms keeps what is young", async () => {
  await alter({ "min.compaction.lag.ms": String(HOUR_MS) });
  for (const key of ["a", "a", "b"]) await put(key);
  await clean();
  expect(await kept()).toEqual(["0:a", "1:a", "2:b"]);
  await alter({ "min.compaction.lag.ms": "0" });
  await clean();
  expect(await kept()).toEqual(["1:a", "2:b"]);
});

test("min.cleanable.dirty.ratio waits until enough is dirty", async () => {
  for (const key of ["a", "b", "c"]) await put(key);
  await clean();
  await alter({ "min.cleanable.dirty.ratio": "0.9" });
  for (const key of ["a", "d"]) await put(key);
  await clean();
  expect(await kept()).toEqual(["0:a", "1:b", "2:c", "3:a", "4:d"]);
  await alter({ "min.cleanable.dirty.ratio": "0.1" });
  await clean();
  expect(await kept()).toEqual(["1:b", "2:c", "3:a", "4:d"]);
});

test("max.compaction.lag.ms does not wait for that", async () => {
  for (const key of ["a", "b", "c"]) await put(key);
  await clean();
  await alter({ "min.cleanable.dirty.ratio": "1" });
  for (const key of ["a", "d"]) await put(key, VALUE, Date.now() - HOUR_MS);
  await clean();
  expect(await kept()).toHaveLength(5);
  await alter({ "max.compaction.lag.ms": "60000" });
  await clean();
  expect(await kept()).toEqual(["1:b", "2:c", "3:a", "4:d"]);
});

test("delete.retention.ms says how long a tombstone stays after the clean that saw it first", async () => {
  const cleanAgain = async (): Promise<void> => {
    await put("more");
    await put("end");
    await clean();
  };
  await put("a");
  await put("a", null);
  await put("end");
  await clean();
  expect(await kept()).toContain("1:a deleted");
  await cleanAgain();
  expect(await kept(), "within a day").toContain("1:a deleted");
  await alter({ "delete.retention.ms": "0" });
  await put("b");
  await put("b", null);
  await cleanAgain();
  await new Promise((resolve) => setTimeout(resolve, 5));
  await cleanAgain();
  const left = await kept();
  expect(left).toContain("1:a deleted");
  expect(left.filter((one) => one.endsWith(":b deleted"))).toEqual([]);
});
