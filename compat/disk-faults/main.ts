// Promise P6 on the real server process: syncs and writes that fail at chosen calls. A sync that fails loses what was
// written since the last good one, so an acknowledgement that should not have been given is a lost record. The suite
// starts its own servers, whatever the target of the run is.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createTopic } from "../../apps/broker/src/test/requests.ts";
import { check, finish, sleep } from "../kafkajs/exercise/suite.ts";
import { Acknowledged } from "./acknowledged.ts";
import { FailingDisk, FaultyServer, type ServerEnd } from "./faulty-server.ts";

const KAFKA_STORAGE_ERROR = 56;
const PARTITIONS = 3;
const ACCEPTED_AGAIN_WITHIN_MS = 5_000;
const MOST_REQUESTS = 500;
const ENDS_WITHIN_MS = 10_000;

const work = mkdtempSync(path.join(tmpdir(), "ottla-disk-faults-"));
const disk = new FailingDisk(work);
const running = new Set<FaultyServer>();
process.once("exit", () => {
  for (const server of running) server.kill();
});

async function start(settings: readonly string[] = [], on = disk): Promise<FaultyServer> {
  const server = await FaultyServer.start(on, settings);
  running.add(server);
  void server.ended.then(() => running.delete(server));
  return server;
}

/** A check whose servers end with it, so that a failed one does no harm to the next. */
function checkAlone(text: string, run: () => Promise<void>): Promise<void> {
  return check(text, async () => {
    try {
      await run();
    } finally {
      disk.heal();
      await killAll();
    }
  });
}

async function killAll(): Promise<void> {
  for (const server of running) server.kill();
  await Promise.all([...running].map((server) => server.ended));
}

/** How a server ended whose disk has failed. */
async function endOf(server: FaultyServer): Promise<ServerEnd> {
  const late = sleep(ENDS_WITHIN_MS).then(() =>
    assert.fail(`the server still runs after ${ENDS_WITHIN_MS} ms`),
  );
  return Promise.race([server.ended, late]);
}

async function stopCleanly(server: FaultyServer): Promise<void> {
  const { code, lines } = await server.stop();
  assert.equal(code, 0, lines.join(" "));
}

/** Beside it there may be a line for the append that failed, but nothing else, and no stack trace. */
function assertOneClearLine({ code, signal, lines }: ServerEnd): void {
  assert.equal(signal, null);
  assert.ok(code !== null && code !== 0, `it ended with ${code}`);
  const others = lines.filter((line) => !line.includes('"msg":"appending failed"'));
  assert.equal(others.length, 1, lines.join(" | "));
  const expected = `log directory ${disk.directory} is offline: `;
  assert.ok(others[0]!.includes(expected), others.join(" | "));
  assert.match(others[0]!, /it was the only one, so the broker stops/);
}

/** Produces until the armed fault has ended the server, then reads everything back on a new one. */
async function failAndRecover(
  records: Acknowledged,
  settings: readonly string[],
  faults: Parameters<FailingDisk["arm"]>[0],
): Promise<void> {
  const server = await start(settings);
  disk.arm(faults);
  const codes = await records.produceUntilClosed(server.client);
  const end = await endOf(server);
  disk.heal();
  assertOneClearLine(end);
  for (const code of codes) assert.ok([0, KAFKA_STORAGE_ERROR].includes(code), `error ${code}`);
  const again = await start(settings);
  assert.equal(await records.missing(again.client), 0, "acknowledged records are missing");
  assert.equal(await records.produce(again.client), 0);
  await stopCleanly(again);
}

async function failedSyncs(records: Acknowledged): Promise<void> {
  const points = [
    [1, 0],
    [1, 1],
    [2, 2],
    [5, 1],
    [20, 0],
    [60, 2],
    [150, 1],
  ] as const;
  for (const [nth, workers] of points) {
    await checkAlone(`sync ${nth} fails with ${workers} storage workers`, async () => {
      const [failedBefore, countBefore] = [disk.count("syncsFailed"), records.count];
      await failAndRecover(records, [`ottla.storage.workers=${workers}`], { syncsLeft: nth - 1 });
      assert.equal(disk.count("syncsFailed"), failedBefore + 1);
      // The restarted server acknowledged one.
      if (nth > PARTITIONS)
        assert.ok(records.count > countBefore + 1, "something went well before");
      assert.ok(records.sent > records.count, "something was under way");
    });
  }
}

async function failedMetadataSync(): Promise<void> {
  await checkAlone("a topic whose metadata could not be synced is not acknowledged", async () => {
    const server = await start();
    disk.arm({ syncsLeft: 0 });
    await assert.rejects(createTopic(server.client, "unsynced"));
    const { code, lines } = await endOf(server);
    assert.ok(code !== null && code !== 0, `it ended with ${code}`);
    assert.equal(lines.length, 1, lines.join(" | "));
    assert.match(lines[0]!, /the broker stops, because its metadata cannot be kept: cannot sync /);
    disk.heal();
    const again = await start();
    await createTopic(again.client, "unsynced");
    await stopCleanly(again);
  });
}

/** Without syncs the same fault loses acknowledged records; were it not so, the checks above would see nothing. */
async function positiveControl(): Promise<void> {
  await checkAlone(
    "the checks see a loss: ottla.flush=none and a sync that fails at the stop",
    async () => {
      const other = mkdtempSync(path.join(work, "control-"));
      const unsafe = new FailingDisk(other);
      const records = new Acknowledged("unsafe", 1);
      const server = await start(["ottla.flush=none"], unsafe);
      await createTopic(server.client, records.topic);
      for (let index = 0; index < 20; index++)
        assert.equal(await records.produce(server.client), 0);
      unsafe.arm({ syncsLeft: 0 });
      const { code } = await server.stop();
      assert.notEqual(code, 0);
      unsafe.heal();
      const again = await start([], unsafe);
      assert.ok((await records.missing(again.client)) > 0);
      await stopCleanly(again);
      unsafe.close();
    },
  );
}

async function produceUntilRefused(server: FaultyServer, records: Acknowledged): Promise<number> {
  for (let index = 0; index < MOST_REQUESTS; index++) {
    const code = await records.produce(server.client);
    if (code !== 0) return code;
  }
  throw new Error(`${MOST_REQUESTS} requests were accepted`);
}

async function untilAccepted(server: FaultyServer, records: Acknowledged): Promise<void> {
  const end = performance.now() + ACCEPTED_AGAIN_WITHIN_MS;
  while ((await records.produce(server.client)) !== 0) {
    assert.ok(performance.now() < end, "records are not accepted again");
    await sleep(50);
  }
}

/** These the server survives, all of them in one life. */
async function failedWrites(records: Acknowledged): Promise<void> {
  const server = await start();
  const before = await records.stored(server.client);
  const countBefore = records.count;
  const survives = async (faults: Parameters<FailingDisk["arm"]>[0]): Promise<void> => {
    const refused = disk.count("writesRefused");
    disk.arm(faults);
    assert.equal(await produceUntilRefused(server, records), KAFKA_STORAGE_ERROR);
    assert.ok(disk.count("writesRefused") > refused);
    disk.heal();
    await untilAccepted(server, records);
    assert.ok(server.isRunning);
  };
  for (const quotaBytes of [0, 1, 40, 900, 30_000])
    await check(`the disk is full after ${quotaBytes} bytes more, and has space again`, () =>
      survives({ quotaBytes }),
    );
  for (const nth of [1, 7])
    await check(`write ${nth} fails with an error of the disk`, () =>
      survives({ writesLeft: nth - 1 }),
    );
  await check("writes that take half of what they are given are continued", async () => {
    const shortened = disk.count("writesShortened");
    disk.arm({ shortWrites: 1 });
    for (let index = 0; index < 10; index++) assert.equal(await records.produce(server.client), 0);
    assert.ok(disk.count("writesShortened") > shortened + 10);
    disk.heal();
  });
  await check("after all these the log holds what was acknowledged, and nothing else", async () => {
    assert.equal(await records.missing(server.client), 0);
    assert.equal((await records.stored(server.client)) - before, records.count - countBefore);
    await stopCleanly(server);
    const again = await start();
    assert.equal(await records.missing(again.client), 0);
    assert.equal((await records.stored(again.client)) - before, records.count - countBefore);
    await stopCleanly(again);
  });
}

try {
  const records = new Acknowledged("records", PARTITIONS);
  const first = await start();
  await createTopic(first.client, records.topic, { numPartitions: PARTITIONS });
  await stopCleanly(first);
  await failedSyncs(records);
  await checkAlone("a write fails and cannot be undone either", () =>
    failAndRecover(records, [], { quotaBytes: 10_000, truncatesFail: 1 }),
  );
  await failedMetadataSync();
  await failedWrites(records);
  await positiveControl();
} finally {
  await killAll();
  disk.close();
  rmSync(work, { recursive: true, force: true });
}
finish();
