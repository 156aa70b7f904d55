import { CompressionType, RECORD_BATCH_OVERHEAD, buildControlBatch } from "@ottla/protocol";
import { MemoryFileSystem } from "@ottla/runtime";
import { allocateWhenSpace } from "@ottla/storage";
import { expect, test } from "vitest";
import { startOttla, type Ottla } from "../../start-ottla.ts";
import { batchOf, createTopic, fetchFrom, produceTo } from "../../test/requests.ts";
import { WireClient } from "../../test/wire-client.ts";

const LOG = "/ottla/opaque-0/00000000000000000000.log";

/** Two compressed batches, of which the second belongs to a transaction that is aborted. */
async function writeLog(ottla: Ottla): Promise<void> {
  await using client = await WireClient.connect(ottla.port);
  await createTopic(client, "opaque");
  const compression = CompressionType.ZSTD;
  await produceTo(client, { topic: "opaque" }, batchOf(["plain".repeat(50)], { compression }));
  const producer = { producerId: 1n, producerEpoch: 0 };
  const data = { ...producer, baseSequence: 0, transactional: true, compression };
  await append(ottla, batchOf(["aborted".repeat(50)], data), "client");
  const marker = {
    ...producer,
    type: "abort",
    coordinatorEpoch: 0,
    timestamp: Date.now(),
  } as const;
  await append(ottla, buildControlBatch(marker), "coordinator");
}

async function append(
  ottla: Ottla,
  batch: Uint8Array,
  origin: "client" | "coordinator",
): Promise<void> {
  const { engine, partitions } = ottla.broker.services;
  const records = await allocateWhenSpace(engine.slabs, batch.length);
  records.bytes.set(batch);
  const verified = origin === "client" ? ({ transaction: "verified" } as const) : {};
  const outcome = await partitions.get("opaque", 0)!.append({ records, origin, ...verified }, -1);
  records.release();
  expect(outcome.ok).toBe(true);
}

/** Overwrites what follows the header of every batch, compressed records and all. */
function scribble(fileSystem: MemoryFileSystem): Uint8Array {
  const log = fileSystem.readFileSync(LOG);
  const view = new DataView(log.buffer, log.byteOffset, log.byteLength);
  for (let at = 0; at < log.length;) {
    const end = at + 12 + view.getInt32(at + 8);
    log.fill(0xff, at + RECORD_BATCH_OVERHEAD, end);
    at = end;
  }
  const handle = fileSystem.openSync(LOG, "write");
  handle.writeSync([log], 0);
  handle.closeSync();
  return log;
}

test("a fetch never looks into records: garbage behind the headers is handed on as it lies on disk, at both isolation levels", async () => {
  const fileSystem = new MemoryFileSystem(() => Date.now());
  const writer = await startOttla({ fileSystem });
  await writeLog(writer);
  await writer.close();
  const garbage = scribble(fileSystem);
  await using ottla = await startOttla({ fileSystem });
  await using client = await WireClient.connect(ottla.port);
  const uncommitted = await fetchFrom(client, "opaque", 0);
  expect(uncommitted.errorCode).toBe(0);
  expect(Buffer.from(uncommitted.records!).equals(garbage)).toBe(true);
  const committed = await fetchFrom(client, "opaque", 0, { isolationLevel: 1 });
  expect(Buffer.from(committed.records!).equals(garbage)).toBe(true);
  expect(committed.abortedTransactions).toEqual([{ producerId: 1n, firstOffset: 1n }]);
});
