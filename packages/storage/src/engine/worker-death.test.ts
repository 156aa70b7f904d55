import { ErrorCode, iterateBatches } from "@ottla/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  append,
  createPartition,
  EngineFixture,
  EVERYTHING,
  readAll,
  until,
} from "../../test-support/engine-fixture.ts";
import { defaultLogConfig } from "../log/log-config.ts";
import type { Death } from "../../test-support/gated-file-system.ts";

const deaths: readonly Death[] = ["throw", "exit"];

describe("WorkerEngine whose worker dies", () => {
  let fixture: EngineFixture;

  beforeEach(() => {
    fixture = new EngineFixture("WorkerEngine");
  });

  afterEach(() => fixture.dispose());

  it.each(deaths)("fails what waits, recovers the partitions and goes on (%s)", async (death) => {
    const engine = await fixture.open({ workers: 2 });
    const [hit, spared] = [await createPartition(engine, 0), await createPartition(engine, 1)];
    const batch = { producerId: 5n, producerEpoch: 0, records: 1, timestamp: Date.now() };
    expect(await append(engine, hit, { ...batch, baseSequence: 0 })).toMatchObject({
      ok: true,
      baseOffset: 0,
    });
    const changes: boolean[] = [];
    hit.onChange = () => changes.push(hit.online);

    fixture.disk.dieAtNextWrite(death);
    const lost = append(engine, hit, { ...batch, baseSequence: 1 });
    const reading = hit.read({ ...EVERYTHING, startOffset: 0 });
    expect(await lost).toMatchObject({ ok: false, errorCode: ErrorCode.KAFKA_STORAGE_ERROR });
    const outcome = await reading;
    if (outcome.ok) outcome.release();
    expect(await append(engine, spared)).toMatchObject({ ok: true, baseOffset: 0 });

    await until(() => hit.online);
    expect(changes).toContain(false);
    // The batch may have reached the file before the thread died; either way the retry counts once.
    expect(await append(engine, hit, { ...batch, baseSequence: 1 })).toMatchObject({
      ok: true,
      baseOffset: 1,
    });
    expect([...iterateBatches(await readAll(hit))].map((view) => view.baseSequence)).toEqual([
      0, 1,
    ]);
    expect([hit.logEndOffset, hit.durableOffset]).toEqual([2, 2]);
  });

  it("takes settings that change while its worker is away", async () => {
    const engine = await fixture.open();
    const log = await createPartition(engine, 0);
    fixture.disk.dieAtNextWrite("throw");
    await append(engine, log);
    await until(() => !log.online);
    await log.updateConfig({ ...defaultLogConfig, maxMessageBytes: 100 });
    await until(() => log.online);
    await log.offsetOfMaxTimestamp();
    expect(await append(engine, log, { valueBytes: 500 })).toMatchObject({
      ok: false,
      errorCode: ErrorCode.MESSAGE_TOO_LARGE,
    });
  });

  it("gives back every slab that the dead worker held", async () => {
    const engine = await fixture.open({ tailBudgetBytes: 0 });
    const log = await createPartition(engine, 0);
    fixture.disk.closeGate();
    const begun = fixture.disk.syncsBegun;
    const waiting = [append(engine, log, { valueBytes: 200_000 })];
    await until(() => fixture.disk.syncsBegun > begun);
    fixture.disk.dieAtNextWrite("throw");
    for (let index = 0; index < 20; index += 1)
      waiting.push(append(engine, log, { valueBytes: 200_000 }));
    const outcomes = await Promise.all(waiting);
    expect(
      outcomes.every(
        (outcome) => !outcome.ok && outcome.errorCode === ErrorCode.KAFKA_STORAGE_ERROR,
      ),
    ).toBe(true);
    expect(engine.slabs.usedBytes).toBe(0);
    fixture.disk.openGate();
  });

  it("stays offline when its worker keeps dying, and still closes", async () => {
    const engine = await fixture.open();
    const log = await createPartition(engine, 0);
    for (let death = 0; death < 6; death += 1) {
      await until(() => log.online);
      fixture.disk.dieAtNextWrite("throw");
      expect(await append(engine, log)).toMatchObject({
        ok: false,
        errorCode: ErrorCode.KAFKA_STORAGE_ERROR,
      });
      await until(() => !log.online);
    }
    expect(await append(engine, log)).toMatchObject({
      ok: false,
      errorCode: ErrorCode.KAFKA_STORAGE_ERROR,
    });
    await expect(createPartition(engine, 1)).rejects.toThrow("failed");
    expect(log.online).toBe(false);
    await engine.close();
  }, 60_000);
});
