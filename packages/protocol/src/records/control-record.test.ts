import { describe, expect, it } from "vitest";
import { DecodeError } from "../errors/decode-error.ts";
import { buildControlBatch, readControlRecord } from "./control-record.ts";
import { RecordBatchView } from "./record-batch.ts";
import { iterateRecords, type KafkaRecord } from "./record-codec.ts";

function controlRecord(key: number[] | null, value: number[] | null): KafkaRecord {
  const bytes = (list: number[] | null): Uint8Array | null =>
    list === null ? null : Uint8Array.from(list);
  return { offset: 0, timestamp: 0, key: bytes(key), value: bytes(value), headers: [] };
}

describe("control batches", () => {
  it.each(["commit", "abort"] as const)(
    "of type %s carry the marker and the coordinator epoch",
    (type) => {
      const view = new RecordBatchView(
        buildControlBatch({
          type,
          coordinatorEpoch: 12,
          producerId: 4000n,
          producerEpoch: 3,
          baseOffset: 77,
          timestamp: 1234,
          partitionLeaderEpoch: 5,
        }),
      );
      expect(view).toMatchObject({
        isControl: true,
        isTransactional: true,
        compression: 0,
        baseSequence: -1,
        producerId: 4000n,
        producerEpoch: 3,
        partitionLeaderEpoch: 5,
        baseOffset: 77,
        nextOffset: 78,
      });
      const [record] = [...iterateRecords(view, { maxDecompressedBytes: 100 })];
      expect(readControlRecord(record!)).toEqual({ type, version: 0, coordinatorEpoch: 12 });
    },
  );

  it("of other types are named by their code", () => {
    expect(readControlRecord(controlRecord([0, 0, 0, 2], null))).toEqual({
      type: "other",
      version: 0,
      typeCode: 2,
    });
  });

  it("read the known part of a newer version", () => {
    const record = controlRecord([0, 1, 0, 1, 9], [0, 1, 0, 0, 0, 8, 9, 9]);
    expect(readControlRecord(record)).toEqual({ type: "commit", version: 1, coordinatorEpoch: 8 });
  });

  it("refuse keys and values that are too short", () => {
    for (const record of [
      controlRecord(null, null),
      controlRecord([0, 0, 0], [0, 0, 0, 0, 0, 0]),
      controlRecord([0, 0, 0, 1], [0, 0, 0, 0, 0]),
      controlRecord([0, 0, 0, 1], null),
      controlRecord([0xff, 0xff, 0, 1], [0, 0, 0, 0, 0, 0]),
    ]) {
      expect(() => readControlRecord(record)).toThrow(DecodeError);
    }
  });
});
