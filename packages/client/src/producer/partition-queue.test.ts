import { CompressionType, ErrorCode, RecordBatchView } from "@ottla/protocol";
import { expect, test } from "vitest";
import { KafkaError } from "../errors.ts";
import { encodeRecord } from "./messages.ts";
import { PartitionQueue } from "./partition-queue.ts";
import type { Outcome, ProducerIdentity } from "./producer-batch.ts";

const identity: ProducerIdentity = { producerId: 7n, producerEpoch: 0 };
const renewed: ProducerIdentity = { producerId: 8n, producerEpoch: 0 };
const options = { compression: CompressionType.NONE, batchSize: 150, createdMs: 0 };

/** Each value of 60 bytes: one record fits a batch of 150 bytes, two do not. */
function fill(queue: PartitionQueue, count: number): Outcome[] {
  const outcomes: Outcome[] = [];
  for (let index = 0; index < count; index++) {
    const record = encodeRecord({ value: `${index}`.padEnd(60, ".") }, 1_000);
    queue.append(record, (outcome) => outcomes.push(outcome), options);
  }
  return outcomes;
}

function newQueue(): PartitionQueue {
  return new PartitionQueue({ topic: "t", partition: 0 });
}

test("records share a batch until it is full", () => {
  const queue = newQueue();
  for (let index = 0; index < 10; index++) {
    queue.append(encodeRecord({ value: "small" }, 1_000), () => {}, options);
  }
  expect(queue.waiting.map(({ recordCount }) => recordCount)).toEqual([7, 3]);
  expect(queue.waiting.map(({ isFull }) => isFull)).toEqual([true, false]);
  expect(queue.hasOpenBatch).toBe(true);
});

test("batches get consecutive sequences, and the header carries them under a valid CRC", () => {
  const queue = newQueue();
  fill(queue, 3);
  const batches = [queue.take(identity), queue.take(identity), queue.take(identity)];
  const views = batches.map((batch) => new RecordBatchView(batch.seal()));
  expect(views.map(({ baseSequence }) => baseSequence)).toEqual([0, 1, 2]);
  expect(views.every((view) => view.isCrcValid() && view.producerId === 7n)).toBe(true);
});

test("after a failure nothing new is sent until the rest in flight has an outcome, then the oldest goes alone", () => {
  const queue = newQueue();
  fill(queue, 4);
  const [first, second, third] = [queue.take(identity), queue.take(identity), queue.take(identity)];
  queue.fail(first);
  expect(queue.next()).toBeUndefined();
  queue.fail(third);
  queue.finish(second);
  expect(queue.next()).toBe(first);
  expect(queue.take(identity).baseSequence).toBe(0);
  expect(queue.next()).toBeUndefined();
  queue.finish(first);
  expect(queue.next()).toBe(third);
  expect(queue.take(identity).baseSequence).toBe(2);
  queue.finish(third);
  expect(queue.take(identity).baseSequence).toBe(3);
});

test("out of order is a retry behind a failed batch, and a gap in the log for the oldest one", () => {
  const queue = newQueue();
  fill(queue, 2);
  const [first, second] = [queue.take(identity), queue.take(identity)];
  const outOfOrder = new KafkaError(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
  expect(queue.judge(second, outOfOrder)).toBe("retry");
  queue.fail(second);
  queue.finish(first);
  queue.take(identity);
  expect(queue.judge(second, outOfOrder)).toBe("new-identity");
});

test("a new identity starts the sequences anew and never is the dropped one", () => {
  const queue = newQueue();
  fill(queue, 3);
  queue.finish(queue.take(identity));
  const second = queue.take(identity);
  queue.dropIdentity();
  queue.fail(second);
  expect(queue.usableIdentity(identity)).toBeUndefined();
  expect(queue.usableIdentity(renewed)).toBe(renewed);
  queue.finish(queue.take(renewed));
  expect(second.baseSequence).toBe(0);
  expect(new RecordBatchView(second.seal()).producerId).toBe(8n);
  expect(queue.take(renewed).baseSequence).toBe(1);
});

test("the sequence of a batch that was refused for good is used by the next one", () => {
  const queue = newQueue();
  fill(queue, 2);
  const first = queue.take(identity);
  queue.giveUp(first, "not-stored");
  expect(queue.take(identity).baseSequence).toBe(0);
});

test("a batch that is too large is split in order, and every record hears of its own place", () => {
  const queue = newQueue();
  const places: string[] = [];
  for (let index = 0; index < 5; index++) {
    queue.append(
      encodeRecord({ value: `${index}` }, 1_000),
      (_, place) => places.push(`${index}@${place}`),
      options,
    );
  }
  const whole = queue.take(identity);
  expect(queue.judge(whole, new KafkaError(ErrorCode.MESSAGE_TOO_LARGE))).toBe("split");
  queue.split(whole);
  for (const expected of [0, 3]) {
    const part = queue.take(identity);
    expect(part.baseSequence).toBe(expected);
    expect(new RecordBatchView(part.seal()).lastOffsetDelta).toBe(part.recordCount - 1);
    part.complete({ result: { baseOffset: 0, logAppendTimeMs: -1 } });
    queue.finish(part);
  }
  expect(places).toEqual(["0@0", "1@1", "2@2", "3@0", "4@1"]);
});
