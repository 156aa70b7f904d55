import { ErrorCode } from "@ottla/protocol";
import { buildTestBatch, SimulatedClock, TEST_TIMESTAMP_MS } from "@ottla/testkit";
import { describe, expect, test } from "vitest";
import { LogHarness } from "../log/log-harness.test.ts";
import type { StageOutcome } from "../log/log.ts";
import { decodeProducerSnapshot, encodeProducerSnapshot } from "./producer-snapshot.ts";

const MAX_SEQUENCE = 2 ** 31 - 1;

function send(
  harness: LogHarness,
  baseSequence: number,
  records = 1,
  producerEpoch = 0,
  producerId = 9n,
): StageOutcome {
  return harness.append(buildTestBatch({ producerId, producerEpoch, baseSequence, records }));
}

const refused = (errorCode: number): object => ({ ok: false, errorCode });

describe("idempotence", () => {
  test("recognises a repeat of any of the last five batches, and of none before", () => {
    const harness = new LogHarness();
    for (let index = 0; index < 7; index++)
      expect(send(harness, index * 2, 2)).toMatchObject({
        ok: true,
        duplicate: false,
        baseOffset: index * 2,
      });
    for (let index = 2; index < 7; index++)
      expect(send(harness, index * 2, 2)).toMatchObject({
        ok: true,
        duplicate: true,
        baseOffset: index * 2,
        lastOffset: index * 2 + 1,
      });
    expect(send(harness, 2, 2)).toMatchObject(refused(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER));
    expect(send(harness, 12, 1)).toMatchObject(refused(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER));
    expect(harness.log.logEndOffset).toBe(14);
  });

  test("refuses a gap and goes on with the right sequence", () => {
    const harness = new LogHarness();
    send(harness, 0, 3);
    expect(send(harness, 4)).toMatchObject(refused(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER));
    expect(send(harness, 3)).toMatchObject({ ok: true, baseOffset: 3 });
  });

  test("accepts any first sequence of a producer it does not know", () => {
    expect(send(new LogHarness(), 1234)).toMatchObject({ ok: true, duplicate: false });
  });

  test("fences an older producer epoch and starts a newer one at sequence 0", () => {
    const harness = new LogHarness();
    send(harness, 0, 1, 2);
    expect(send(harness, 1, 1, 1)).toMatchObject(refused(ErrorCode.INVALID_PRODUCER_EPOCH));
    expect(send(harness, 1, 1, 3)).toMatchObject(refused(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER));
    expect(send(harness, 0, 1, 3)).toMatchObject({ ok: true, duplicate: false });
    expect(send(harness, 1, 1, 2)).toMatchObject(refused(ErrorCode.INVALID_PRODUCER_EPOCH));
  });

  test("lets the sequence wrap from 2^31-1 to 0, between batches and within one", () => {
    const between = new LogHarness();
    send(between, MAX_SEQUENCE);
    expect(send(between, 0)).toMatchObject({ ok: true, duplicate: false });
    const within = new LogHarness();
    send(within, MAX_SEQUENCE - 1, 4);
    expect(send(within, 2)).toMatchObject({ ok: true, duplicate: false });
    expect(send(within, MAX_SEQUENCE - 1, 4)).toMatchObject({
      ok: true,
      duplicate: true,
      baseOffset: 0,
    });
  });

  test("sees batches that are staged together", () => {
    const harness = new LogHarness();
    const batch = (baseSequence: number): Uint8Array =>
      buildTestBatch({ producerId: 1n, producerEpoch: 0, baseSequence });
    const options = { leaderEpoch: 0, origin: "client" } as const;
    expect(harness.log.stage(batch(0), options)).toMatchObject({ ok: true, baseOffset: 0 });
    expect(harness.log.stage(batch(1), options)).toMatchObject({ ok: true, baseOffset: 1 });
    expect(harness.log.stage(batch(0), options)).toMatchObject({
      ok: true,
      baseOffset: 0,
      duplicate: true,
    });
    expect(harness.log.stage(batch(3), options)).toMatchObject(
      refused(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER),
    );
    harness.log.writeStaged();
    expect(harness.log.logEndOffset).toBe(2);
  });

  test.each(["kill", "clean stop"])("remembers all five batches over a %s", (how) => {
    const harness = new LogHarness({ config: { segmentBytes: 300, maxMessageBytes: 300 } });
    const huge = 2n ** 62n + 3n;
    for (let index = 0; index < 6; index++) send(harness, index, 1, 0, huge);
    if (how === "kill") harness.reopen();
    else harness.restart();
    for (let index = 1; index < 6; index++)
      expect(send(harness, index, 1, 0, huge)).toMatchObject({
        ok: true,
        duplicate: true,
        baseOffset: index,
      });
    expect(send(harness, 6, 1, 0, huge)).toMatchObject({ ok: true, duplicate: false });
  });

  test("forgets a producer after it was silent long enough", () => {
    const clock = new SimulatedClock(TEST_TIMESTAMP_MS);
    const harness = new LogHarness({ clock });
    send(harness, 0);
    clock.advance(1000);
    send(harness, 0, 1, 0, 10n);
    expect(harness.log.expireProducers(clock.nowMs(), 999)).toBe(1);
    expect(harness.log.producerCount).toBe(1);
    expect(send(harness, 500)).toMatchObject({ ok: true });
  });
});

describe("a producer snapshot", () => {
  const batch = {
    firstSequence: MAX_SEQUENCE - 1,
    lastSequence: 1,
    baseOffset: 40,
    lastOffset: 43,
    timestamp: 99,
  };
  const entry = {
    producerId: 2n ** 62n,
    producerEpoch: 3,
    batches: [batch],
    lastSeenMs: 100,
    lastTimestamp: 99,
    coordinatorEpoch: 4,
    transactionFirstOffset: 41,
  };

  test("gives back what it was made of", () => {
    const entries = [entry, { ...entry, producerId: 5, batches: [], transactionFirstOffset: -1 }];
    expect(decodeProducerSnapshot(encodeProducerSnapshot(entries))).toEqual(entries);
  });

  test("is refused when any byte is changed or cut", () => {
    const bytes = encodeProducerSnapshot([entry]);
    for (let at = 0; at < bytes.length; at++) {
      const damaged = bytes.slice();
      damaged[at]! ^= 0x10;
      expect(decodeProducerSnapshot(damaged)).toBeUndefined();
      expect(decodeProducerSnapshot(bytes.subarray(0, at))).toBeUndefined();
    }
  });
});
