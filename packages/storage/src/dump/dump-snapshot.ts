import { decodeProducerSnapshot } from "../state/producer-snapshot.ts";
import type { DumpEntry } from "./dump-entry.ts";

export function* dumpSnapshot(bytes: Uint8Array): Generator<DumpEntry, void, undefined> {
  const entries = decodeProducerSnapshot(bytes);
  if (entries === undefined) {
    yield {
      kind: "damage",
      position: 0,
      message: "not a producer snapshot of version 1, or its CRC does not match",
    };
    return;
  }
  for (const entry of entries) {
    const last = entry.batches.at(-1);
    yield {
      kind: "producer",
      producerId: BigInt(entry.producerId),
      producerEpoch: entry.producerEpoch,
      coordinatorEpoch: entry.coordinatorEpoch,
      currentTransactionFirstOffset: entry.transactionFirstOffset,
      lastTimestamp: entry.lastTimestamp,
      firstSequence: last?.firstSequence ?? -1,
      lastSequence: last?.lastSequence ?? -1,
      lastOffset: last?.lastOffset ?? -1,
      offsetDelta: last ? last.lastOffset - last.baseOffset : 0,
      rememberedBatches: entry.batches.length,
    };
  }
}
