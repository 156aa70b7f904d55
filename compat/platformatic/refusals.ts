// What the broker must refuse, as @platformatic/kafka reports it.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { findErrorBy } from "@platformatic/kafka";
import { createTopic, newConsumer, newProducer, readTopic } from "./connection.ts";
import { check, uniqueName } from "../kafkajs/exercise/suite.ts";

const OVER_MAX_MESSAGE_BYTES = 1_500_000;

function ofId(apiId: string): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof Error);
    assert.ok(findErrorBy(error, "apiId", apiId) !== null, `expected ${apiId}, got ${error.stack}`);
    return true;
  };
}

/** The client turns UNKNOWN_TOPIC_OR_PARTITION, and no other code, into an error of its own. */
async function checkUnknownTopic(): Promise<void> {
  const producer = newProducer({ retries: 1 });
  const messages = [{ topic: uniqueName("platformatic", "nowhere"), value: Buffer.from("x") }];
  await assert.rejects(producer.send({ messages }), /Unknown topic compat-platformatic-nowhere/);
  await producer.close(true);
}

async function checkTooLarge(): Promise<void> {
  const topic = await createTopic("large", 1);
  const producer = newProducer({ retries: 1 });
  const send = (value: Buffer) => producer.send({ messages: [{ topic, partition: 0, value }] });
  await assert.rejects(send(randomBytes(OVER_MAX_MESSAGE_BYTES)), ofId("MESSAGE_TOO_LARGE"));
  await send(Buffer.from("small"));
  await producer.close(true);
  const stored = (await readTopic(topic)).get(0)!;
  assert.deepEqual(
    stored.map(({ offset, value }) => [offset, value.toString()]),
    [[0n, "small"]],
  );
}

/** The client takes its generation from a public field, and without retries it does not join again. */
async function checkWrongGeneration(): Promise<void> {
  const topic = await createTopic("generation", 1);
  const consumer = newConsumer(uniqueName("platformatic", "generation"), { retries: 0 });
  consumer.topics.track(topic);
  await consumer.joinGroup({});
  const generationId = consumer.generationId;
  const commit = () =>
    consumer.commit({ offsets: [{ topic, partition: 0, offset: 5n, leaderEpoch: -1 }] });
  const committed = () => consumer.listCommittedOffsets({ topics: [{ topic, partitions: [0] }] });
  consumer.generationId = generationId + 7;
  await assert.rejects(commit(), ofId("ILLEGAL_GENERATION"));
  assert.deepEqual((await committed()).get(topic), [-1n]);
  consumer.generationId = generationId;
  await commit();
  assert.deepEqual((await committed()).get(topic), [5n]);
  await consumer.close(true);
}

async function checkOutOfRange(): Promise<void> {
  const topic = await createTopic("range", 1);
  const consumer = newConsumer(uniqueName("platformatic", "range"), { retries: 0 });
  const stream = await consumer.consume({
    topics: [topic],
    mode: "manual",
    fallbackMode: "fail",
    offsets: [{ topic, partition: 0, offset: 4711n }],
    autocommit: false,
  });
  const error = await new Promise<Error>((resolve) => {
    stream.on("error", resolve);
    stream.on("data", (message) => resolve(new Error(`read a record at ${message.offset}`)));
  });
  await consumer.close(true);
  ofId("OFFSET_OUT_OF_RANGE")(error);
}

export async function checkRefusals(): Promise<void> {
  await check("producing to an unknown topic is refused", checkUnknownTopic);
  await check("a record over the size limit is refused and not stored", checkTooLarge);
  await check(
    "a commit under another generation is refused with ILLEGAL_GENERATION",
    checkWrongGeneration,
  );
  await check("a start offset out of range is reported as OFFSET_OUT_OF_RANGE", checkOutOfRange);
}
