import { basename, join } from "node:path";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync, readdirSync } from "node:fs";
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
  const names = ["again-0", "gone-0"];
  const kept = join(directory, "..", `${basename(directory)}-kept`);
  {
    await using ottla = await startOttla({ directory });
    await using client = await WireClient.connect(ottla.port);
    for (const topic of ["again", "gone"]) {
      await createTopic(client, topic);
      await produceTo(client, { topic }, batchOf(["old"]));
    }
  }
  try {
    for (const name of names) cpSync(join(directory, name), join(kept, name), { recursive: true });
    {
      await using ottla = await startOttla({ directory });
      await using client = await WireClient.connect(ottla.port);
      await client.send(Api.DeleteTopics, 5, { topicNames: ["again", "gone"], timeoutMs: 5_000 });
      await createTopic(client, "again");
    }
    // The directories of the earlier topics, as a crash between commit and removal leaves them.
    for (const name of names) {
      rmSync(join(directory, name), { recursive: true, force: true });
      cpSync(join(kept, name), join(directory, name), { recursive: true });
    }
  } finally {
    rmSync(kept, { recursive: true, force: true });
  }
  await using ottla = await startOttla({ directory });
  await using client = await WireClient.connect(ottla.port);
  const again = await fetchFrom(client, "again", 0);
  expect([again.errorCode, again.highWatermark]).toEqual([ErrorCode.NONE, 0n]);
  expect(readdirSync(directory)).not.toContain("gone-0");
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
  expect((await produceTo(client, { topic: "damaged" }, batchOf(["c"]))).errorCode).toBe(
    ErrorCode.KAFKA_STORAGE_ERROR,
  );
  expect(valuesOf(await fetchFrom(client, "healthy", 0))).toEqual(["0:a", "1:b"]);
  expect(
    (
      await client.send(Api.ListOffsets, 5, {
        replicaId: -1,
        topics: [{ name: "damaged", partitions: [{ partitionIndex: 0, timestamp: -1n }] }],
      })
    ).topics[0]!.partitions[0]!.errorCode,
  ).toBe(ErrorCode.KAFKA_STORAGE_ERROR);
});
