/*
 * Compaction against a model: random batches of plain, idempotent and transactional producers in all codecs, with
 * tombstones, cleaned again and again while time passes, stopped and started in between.
 */
import { iterateBatches, RecordBatchBuilder } from "@ottla/protocol";
import { expect, test } from "vitest";
import {
  committedRecords,
  CompactionWorld,
  recordsOf,
  type WrittenRecord,
} from "../../test-support/compaction/compaction-world.ts";

const GIVEN_SEED = process.env["OTTLA_SEED"];
const FIRST_SEED = Number(GIVEN_SEED ?? 1);
const SEEDS = GIVEN_SEED === undefined ? Number(process.env["OTTLA_SEEDS"] ?? 25) : 1;

/** Everything that has to hold after a clean up to `endOffset`. */
async function check(world: CompactionWorld, endOffset: number): Promise<void> {
  const { log, written } = world;
  const bytes = await world.readBytes();
  let nextOffset = log.logStartOffset;
  for (const { baseOffset, lastOffset } of iterateBatches(bytes)) {
    expect(baseOffset).toBeGreaterThanOrEqual(nextOffset);
    nextOffset = lastOffset + 1;
  }
  expect(nextOffset).toBe(log.logEndOffset);
  const found = recordsOf(bytes);
  const survivors = new Map(found.map((record) => [record.offset, record]));
  for (const { batch: _, ...record } of found) {
    const { fate: __, ...original } = written.get(record.offset) as WrittenRecord;
    expect(record).toEqual(original);
  }
  const last = world.lastByKey(endOffset);
  for (const [key, record] of last) {
    const survivor = survivors.get(record.offset);
    if (survivor === undefined) expect(`${key}: ${record.value}`).toBe(`${key}: null`);
  }
  const seen = new Set<string>();
  for (const { offset, key } of found) {
    const { fate } = written.get(offset)!;
    if (offset >= endOffset) continue;
    expect(fate, `offset ${offset} below ${endOffset}`).not.toBe("aborted");
    expect(seen.has(key), `${key} twice below ${endOffset}`).toBe(false);
    seen.add(key);
  }
  for (const [offset, record] of written)
    if (offset >= endOffset) expect(survivors.get(offset)?.value).toBe(record.value);
  await checkCommitted(world, bytes);
}

/** A read_committed consumer ends with the value of each key that the model has. */
async function checkCommitted(world: CompactionWorld, bytes: Buffer): Promise<void> {
  const values = new Map<string, string | null>();
  const visible = await committedRecords(world.log, bytes);
  for (const { offset, key, value } of visible) {
    expect(world.written.get(offset)?.fate, `offset ${offset}`).toBe("counts");
    values.set(key, value);
  }
  const expected = world.lastByKey(world.log.lastStableOffset);
  for (const [key, { value }] of expected) expect(values.get(key) ?? null, key).toBe(value);
}

/** A reader that starts anywhere sees the last value of every key that changed from there on. */
async function checkFrom(world: CompactionWorld): Promise<void> {
  const start = world.random.nextInt(world.log.logEndOffset + 1);
  const bytes = await world.readBytes(start);
  const values = new Map(recordsOf(bytes).map(({ key, offset }) => [key, offset]));
  for (const [key, { offset, value }] of world.lastByKey(world.log.lastStableOffset))
    if (offset >= start && value !== null)
      expect(values.get(key), `${key} from ${start}`).toBeGreaterThanOrEqual(offset);
}

async function simulate(seed: number): Promise<void> {
  const world = new CompactionWorld({
    seed,
    dedupeBufferBytes: seed % 4 === 0 ? 24 * 20 : 1 << 20,
  });
  await world.open();
  let cleanedTo = 0;
  try {
    for (let round = 0; round < 6; round++) {
      for (let batches = 10 + world.random.nextInt(40); batches > 0; batches--) await world.write();
      if (world.random.chance(0.3)) await world.endAllTransactions();
      const { logs, uncleanable } = await world.clean();
      expect(uncleanable).toEqual([]);
      for (const { outcome, reason } of logs)
        expect(`${outcome} ${reason}`).toBe("cleaned undefined");
      cleanedTo = logs.at(-1)?.endOffset ?? cleanedTo;
      await check(world, cleanedTo);
      await checkFrom(world);
      if (world.random.chance(0.4)) {
        await world.restart();
        await check(world, cleanedTo);
      }
      world.clock.advance(world.random.nextInt(20_000));
    }
  } finally {
    await world.engine.close();
  }
}

test(
  `${SEEDS} seeds keep the last record of each key`,
  { timeout: 20_000 + SEEDS * 2000 },
  async () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) {
      try {
        await simulate(seed);
      } catch (error) {
        throw new Error(
          `seed ${seed}; replay: OTTLA_SEED=${seed} npx vitest run src/cleaner/cleaner-model`,
          { cause: error },
        );
      }
    }
  },
);

test("the size converges when the same keys are written for ever, and all that was deleted goes in the end", async () => {
  const world = new CompactionWorld({
    seed: 5,
    config: { deleteRetentionMs: 1000, segmentBytes: 2000 },
  });
  await world.open();
  const sizes: number[] = [];
  for (let round = 0; round < 12; round++) {
    for (let batches = 0; batches < 60; batches++) await world.write();
    await world.endAllTransactions();
    world.clock.advance(5000);
    await world.clean();
    sizes.push(world.log.sizeBytes);
  }
  expect(Math.max(...sizes.slice(4))).toBeLessThan(Math.max(...sizes.slice(0, 4)) * 2);
  for (const key of world.lastByKey().keys()) await remove(world, key);
  for (let round = 0; round < 4; round++) {
    // Something has to be dirty, and the last tombstones must not lie in the active segment.
    for (let filler = 0; filler < 40; filler++) await set(world, "filler", "x".repeat(100));
    world.clock.advance(5000);
    await world.clean();
  }
  const keys = new Set(recordsOf(await world.readBytes()).map(({ key }) => key));
  expect([...keys]).toEqual(["filler"]);
  await world.engine.close();
});

async function set(world: CompactionWorld, key: string, value: string | null): Promise<void> {
  const builder = new RecordBatchBuilder();
  const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
  builder.append({
    timestamp: world.clock.nowMs(),
    key: encode(key),
    value: value === null ? null : encode(value),
  });
  await world.send(builder.build(), { origin: "client" });
}

const remove = (world: CompactionWorld, key: string): Promise<void> => set(world, key, null);
