import { ErrorCode } from "@ottla/protocol";
import { describe, expect, test } from "vitest";
import {
  checkMarkerAppend,
  checkProducerAppend,
  type ProducerAppend,
  type ProducerAppendTerms,
} from "./producer-append.ts";
import type { ProducerEntry } from "./producer-entry.ts";

const CLIENT: ProducerAppendTerms = { origin: "client" };
const COORDINATOR: ProducerAppendTerms = { origin: "coordinator" };

function known(changes: Partial<ProducerEntry> = {}): ProducerEntry {
  const batch = { firstSequence: 3, lastSequence: 4, baseOffset: 10, lastOffset: 11, timestamp: 1 };
  return {
    producerId: 1,
    producerEpoch: 2,
    batches: [batch],
    lastSeenMs: 0,
    lastTimestamp: 1,
    coordinatorEpoch: 6,
    transactionFirstOffset: -1,
    ...changes,
  };
}

function batchOf(changes: Partial<ProducerAppend> = {}): ProducerAppend {
  const firstSequence = changes.firstSequence ?? 5;
  return {
    producerEpoch: 2,
    firstSequence,
    lastSequence: firstSequence,
    isTransactional: false,
    ...changes,
  };
}

const refused = (errorCode: number): object => ({ kind: "refuse", errorCode });

describe("a batch of records", () => {
  test("goes on in a transaction, and leaves it by a marker only", () => {
    const open = known({ transactionFirstOffset: 10 });
    const inside = batchOf({ isTransactional: true });
    expect(checkProducerAppend(open, inside, CLIENT)).toEqual({ kind: "append" });
    expect(checkProducerAppend(open, batchOf(), CLIENT)).toMatchObject(
      refused(ErrorCode.INVALID_TXN_STATE),
    );
  });

  test("begins a transaction when it is verified, and only then, from coordinators as well", () => {
    const first = batchOf({ isTransactional: true });
    for (const terms of [CLIENT, COORDINATOR]) {
      expect(checkProducerAppend(known(), first, terms)).toMatchObject(
        refused(ErrorCode.INVALID_TXN_STATE),
      );
      expect(checkProducerAppend(known(), first, { ...terms, transaction: "verified" })).toEqual({
        kind: "append",
      });
    }
  });

  test("of a new epoch does not belong to the transaction of the old one", () => {
    const open = known({ transactionFirstOffset: 10 });
    const next = batchOf({ producerEpoch: 3, firstSequence: 0, isTransactional: true });
    expect(checkProducerAppend(open, next, CLIENT)).toMatchObject(
      refused(ErrorCode.INVALID_TXN_STATE),
    );
  });

  test("is recognised as a repeat before anything else is looked at", () => {
    const repeat = batchOf({ firstSequence: 3, lastSequence: 4, isTransactional: true });
    expect(checkProducerAppend(known(), repeat, CLIENT)).toMatchObject({ kind: "duplicate" });
  });

  test("starts at sequence 0 after markers only, and with transaction version 2 in an empty log", () => {
    const wrong = refused(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
    const ended = known({ batches: [] });
    expect(checkProducerAppend(ended, batchOf(), CLIENT)).toMatchObject(wrong);
    expect(checkProducerAppend(ended, batchOf({ firstSequence: 0 }), CLIENT)).toEqual({
      kind: "append",
    });
    const version2 = { ...CLIENT, transactionVersion: 2 };
    expect(checkProducerAppend(undefined, batchOf(), version2)).toMatchObject(wrong);
    expect(checkProducerAppend(undefined, batchOf(), CLIENT)).toEqual({ kind: "append" });
  });

  test("of a coordinator has no sequence, but an epoch", () => {
    const noSequence = { firstSequence: -1, lastSequence: -1 };
    expect(checkProducerAppend(known(), batchOf(noSequence), COORDINATOR)).toEqual({
      kind: "append",
    });
    const old = batchOf({ ...noSequence, producerEpoch: 1 });
    expect(checkProducerAppend(known(), old, COORDINATOR)).toMatchObject(
      refused(ErrorCode.INVALID_PRODUCER_EPOCH),
    );
  });
});

describe("a marker", () => {
  const version2 = { ...COORDINATOR, transactionVersion: 2 };
  const fenced = refused(ErrorCode.INVALID_PRODUCER_EPOCH);
  const open = known({ transactionFirstOffset: 10 });

  test.each([
    ["of an unknown producer stands", undefined, 0, 0, COORDINATOR, undefined],
    ["of a lower producer epoch is refused", known(), 1, 6, COORDINATOR, fenced],
    ["of the same epoch ends a transaction of version 1", open, 2, 6, COORDINATOR, undefined],
    ["of the same epoch does not end one of version 2", open, 2, 6, version2, fenced],
    ["of a higher epoch ends one of version 2", open, 3, 6, version2, undefined],
    ["that repeats the last one of version 2 stands", known(), 2, 6, version2, undefined],
    [
      "of a lower coordinator epoch is refused",
      open,
      3,
      5,
      version2,
      refused(ErrorCode.TRANSACTION_COORDINATOR_FENCED),
    ],
    ["of a higher coordinator epoch stands", open, 3, 7, version2, undefined],
  ] as const)("%s", (_, entry, producerEpoch, coordinatorEpoch, terms, verdict) => {
    const found = checkMarkerAppend(entry, { producerEpoch, coordinatorEpoch }, terms);
    if (verdict === undefined) expect(found).toBeUndefined();
    else expect(found).toMatchObject(verdict);
  });
});
