import { join } from "node:path";
import { mkdtempSync, readFileSync, rmSync, writeFileSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { Api, ErrorCode } from "@ottla/protocol";
import { afterEach, beforeEach, expect, test } from "vitest";
import { startOttla } from "../start-ottla.ts";
import { batchOf, createTopic, fetchFrom, produceTo, valuesOf } from "../test/requests.ts";
import { WireClient } from "../test/wire-client.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "ottla-registry-"));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

test("a log whose topic was deleted while the broker died is removed, also when the name lives on", async () => {
  {
    await using ottla = await startOttla({ directory });
    await using client = await WireClient.connect(ottla.port);
    await createTopic(client, "again");
    await createTopic(client, "gone");
    await produceTo(client, { topic: "again" }, batchOf(["old"]));
  }
  // The directory of an earlier topic of that name, as a crash between commit and removal leaves it.
  for (const name of ["again-0", "gone-0"]) {
    const path = join(directory, name, "partition.metadata");
    writeFileSync(path, readFileSync(path, "utf8").replace(/topic_id: .*/, "topic_id: AAAAAAAAAAAAAAAAAAAAAg"));
  }
  await using ottla = await startOttla({ directory });
  await using client = await WireClient.connect(ottla.port);
  const again = await fetchFrom(client, "again", 0);
  expect([again.errorCode, again.highWatermark]).toEqual([ErrorCode.NONE, 0n]);
});

test("a partition that recovery found damaged answers with a storage error, and the others are served", async () => {
  {
    await using ottla = await startOttla({ directory });
    await using client = await WireClient.connect(ottla.port);
    for (const topic of ["damaged", "healthy"]) {
      await createTopic(client, topic);
      await produceTo(client, { topic }, batchOf(["a"]));
      await produceTo(client, { topic }, batchOf(["b"]));
    }
  }
  rmSync(join(directory, ".kafka_cleanshutdown"));
  const log = readdirSync(join(directory, "damaged-0")).find((name) => name.endsWith(".log"))!;
  const path = join(directory, "damaged-0", log);
  const bytes = readFileSync(path);
  bytes[70]! ^= 0xff;
  writeFileSync(path, bytes);
  await using ottla = await startOttla({ directory });
  await using client = await WireClient.connect(ottla.port);
  expect((await fetchFrom(client, "damaged", 0)).errorCode).toBe(ErrorCode.KAFKA_STORAGE_ERROR);
  expect((await produceTo(client, { topic: "damaged" }, batchOf(["c"]))).errorCode).toBe(ErrorCode.KAFKA_STORAGE_ERROR);
  expect(valuesOf(await fetchFrom(client, "healthy", 0))).toEqual(["0:a", "1:b"]);
  expect((await client.send(Api.ListOffsets, 5, { replicaId: -1, topics: [{ name: "damaged", partitions: [{ partitionIndex: 0, timestamp: -1n }] }] })).topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.KAFKA_STORAGE_ERROR);
});
