// What the broker must refuse, as kafkajs reports it.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import {
  admin,
  commitAsMember,
  consumerTimings,
  createTopic,
  kafka,
  readTopic,
} from "./connection.ts";
import { check, uniqueName, until } from "./exercise/suite.ts";

const OVER_MAX_MESSAGE_BYTES = 1_500_000;

interface OffsetCommitArguments {
  readonly groupId: string;
  readonly groupGenerationId: number;
}
interface BrokerClass {
  readonly prototype: { offsetCommit: (request: OffsetCommitArguments) => Promise<unknown> };
}

function ofType(type: string): (error: unknown) => boolean {
  return (error) => {
    const cause = (error as { cause?: { type?: string } }).cause;
    assert.equal((error as { type?: string }).type ?? cause?.type, type);
    return true;
  };
}

async function checkProduceRefusals(): Promise<void> {
  const producer = kafka.producer({ allowAutoTopicCreation: false, retry: { retries: 1 } });
  await producer.connect();
  await check("producing to an unknown topic is refused", () =>
    assert.rejects(
      producer.send({ topic: uniqueName("kafkajs", "nowhere"), messages: [{ value: "x" }] }),
      ofType("UNKNOWN_TOPIC_OR_PARTITION"),
    ),
  );
  await check("a record over the size limit is refused and not stored", async () => {
    const topic = await createTopic("large", 1);
    const messages = [{ value: randomBytes(OVER_MAX_MESSAGE_BYTES) }];
    await assert.rejects(producer.send({ topic, messages }), ofType("MESSAGE_TOO_LARGE"));
    await producer.send({ topic, messages: [{ value: "small" }] });
    const stored = (await readTopic(topic)).get(0)!;
    assert.deepEqual(
      stored.map(({ offset, value }) => [offset, value!.toString()]),
      [["0", "small"]],
    );
  });
  await producer.disconnect();
}

/** kafkajs offers no way to commit under an old generation, so the request is changed just before it leaves. */
async function checkWrongGeneration(): Promise<void> {
  const Broker = createRequire(import.meta.url)("kafkajs/src/broker") as BrokerClass;
  const groupId = uniqueName("kafkajs", "generation");
  const topic = await createTopic("generation", 1);
  const original = Broker.prototype.offsetCommit;
  let refusal: unknown;
  Broker.prototype.offsetCommit = async function offsetCommit(request) {
    try {
      return await original.call(this, {
        ...request,
        groupGenerationId: request.groupGenerationId + 7,
      });
    } catch (error) {
      refusal ??= error;
      throw error;
    }
  };
  try {
    await commitAsMember(groupId, topic, ["0"]).catch(() => {});
    await until("the refusal of the commit", () => refusal !== undefined);
    ofType("ILLEGAL_GENERATION")(refusal);
  } finally {
    Broker.prototype.offsetCommit = original;
  }
  const committed = await admin.fetchOffsets({ groupId, topics: [topic] });
  assert.equal(committed[0]!.partitions[0]!.offset, "-1", "nothing was committed");
}

/** The client answers OFFSET_OUT_OF_RANGE by starting over where fromBeginning tells it to. */
async function checkOutOfRange(): Promise<void> {
  const groupId = uniqueName("kafkajs", "range");
  const topic = await createTopic("range", 1);
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({ topic, messages: [{ value: "first" }] });
  await producer.disconnect();
  await commitAsMember(groupId, topic, ["4711"]);
  const consumer = kafka.consumer({ groupId, ...consumerTimings });
  const values: string[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      values.push(message.value!.toString());
    },
  });
  await until("the reset to the beginning", () => values.length > 0);
  await consumer.disconnect();
  assert.deepEqual(values, ["first"]);
}

export async function checkRefusals(): Promise<void> {
  await checkProduceRefusals();
  await check(
    "a commit under another generation is refused with ILLEGAL_GENERATION",
    checkWrongGeneration,
  );
  await check("a committed offset out of range leads to a reset, not to silence", checkOutOfRange);
}
