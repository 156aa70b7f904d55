/** Random batch descriptions, built by our own builder and sent to Kafka's classes. */
import {
  buildDescribed,
  describeBatch,
  type BatchDescription,
  type BatchInput,
  type RecordDescription,
} from "../../../packages/protocol/src/records/golden/describe-batch.ts";
import { RecordBatchView } from "@ottla/protocol";

/** A small generator (mulberry32), so that a seed gives the same batches on every machine. */
export class SeededRandom {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** From 0 to below `bound`. */
  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
  }

  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }
}

const headerKeys = ["", "trace", "größe", "日本語", "😀", "a-header-key-that-is-rather-longer"];
const words = "the same word again and again ";

function randomBytes(random: SeededRandom, maxLength: number): string | null {
  if (random.oneIn(8)) return null;
  const length = random.below(maxLength + 1);
  const repeat = random.oneIn(2);
  const bytes = Uint8Array.from({ length }, (_, index) =>
    repeat ? words.charCodeAt(index % words.length) : random.below(256),
  );
  return Buffer.from(bytes).toString("base64");
}

function randomRecord(random: SeededRandom, timestamp: number, large: boolean): RecordDescription {
  const headerCount = random.oneIn(3) ? 1 + random.below(4) : 0;
  return {
    offset: 0,
    timestamp,
    key: randomBytes(random, 20),
    value: randomBytes(random, large ? 200 : 60),
    headers: Array.from({ length: headerCount }, () => [
      Buffer.from(headerKeys[random.below(headerKeys.length)]!).toString("base64"),
      randomBytes(random, 10),
    ]),
  };
}

/** A batch as our builder writes it and our view reads it. */
export function randomBatch(
  random: SeededRandom,
  compression: string,
  large: boolean,
): BatchDescription {
  const idempotent = random.oneIn(2);
  const count = large ? 3000 : 1 + random.below(40);
  const records: RecordDescription[] = [];
  let timestamp = random.oneIn(5) ? 0 : 1_700_000_000_000 + random.below(2 ** 31);
  for (let index = 0; index < count; index++) {
    records.push(randomRecord(random, timestamp, large));
    timestamp = Math.max(0, timestamp + random.below(2000) - 500);
    if (random.oneIn(20)) timestamp += 2 ** 36;
  }
  const wanted: BatchInput = {
    compression,
    records,
    control: false,
    baseOffset: random.oneIn(3) ? random.below(2 ** 52) : random.below(1000),
    partitionLeaderEpoch: random.below(100) - 1,
    timestampType: 0,
    transactional: idempotent && random.oneIn(2),
    producerId: idempotent ? String(random.below(2 ** 52)) : "-1",
    producerEpoch: idempotent ? random.below(2 ** 15) : -1,
    // Near the end of the range, where sequences start again at zero.
    baseSequence: idempotent ? 2 ** 31 - 1 - random.below(50) : -1,
  };
  return describeBatch(new RecordBatchView(buildDescribed(wanted)));
}

export function controlBatch(random: SeededRandom, marker: "commit" | "abort"): BatchDescription {
  const record: RecordDescription = {
    offset: 0,
    timestamp: 1_700_000_000_000,
    key: null,
    value: null,
    marker,
    coordinatorEpoch: random.below(1000),
    headers: [],
  };
  const wanted: BatchInput = {
    records: [record],
    compression: "none",
    control: true,
    baseOffset: random.below(1000),
    partitionLeaderEpoch: random.below(100),
    timestampType: 0,
    transactional: true,
    producerId: String(random.below(2 ** 52)),
    producerEpoch: random.below(2 ** 15),
    baseSequence: -1,
  };
  return describeBatch(new RecordBatchView(buildDescribed(wanted)));
}
