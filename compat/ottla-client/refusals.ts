// What the broker must refuse, as our client reports it.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { Client } from "@ottla/client";
import { bootstrap, check, uniqueName } from "../kafkajs/exercise/suite.ts";
import { admin, client, createTopic, readTopic, textOf } from "./connection.ts";

const OVER_MAX_MESSAGE_BYTES = 1_500_000;

async function checkUnknownTopic(): Promise<void> {
  const producer = client.producer({ allowAutoTopicCreation: false });
  const topic = uniqueName("ottla", "nowhere");
  await assert.rejects(producer.send({ topic, messages: [{ value: "x" }] }), {
    name: "UNKNOWN_TOPIC_OR_PARTITION",
    code: 3,
  });
  await assert.rejects(admin.describeTopics([topic]), { message: `topic ${topic} does not exist` });
  await producer.close();
}

async function checkTooLarge(): Promise<void> {
  const topic = await createTopic("large", 1);
  const producer = client.producer({ maxRequestSize: 10_000_000 });
  await assert.rejects(
    producer.send({ topic, messages: [{ value: randomBytes(OVER_MAX_MESSAGE_BYTES) }] }),
    {
      name: "MESSAGE_TOO_LARGE",
    },
  );
  await producer.send({ topic, messages: [{ value: "small" }] });
  await producer.close();
  const stored = (await readTopic(topic)).get(0)!;
  assert.deepEqual(
    stored.map((record) => [record.offset, textOf(record)]),
    [[0, "small"]],
  );
}

async function checkSplit(): Promise<void> {
  const topic = await createTopic("split", 1, { "max.message.bytes": "2000" });
  const producer = client.producer({ lingerMs: 50 });
  const values = Array.from({ length: 100 }, (_, index) => `${index}`.padEnd(100, "."));
  const stored = await producer.send({
    topic,
    messages: values.map((value) => ({ value, partition: 0 })),
  });
  await producer.close();
  assert.deepEqual(
    stored.map(({ offset }) => offset),
    values.map((_, index) => index),
  );
  assert.deepEqual((await readTopic(topic)).get(0)!.map(textOf), values);
}

async function checkWrongGeneration(): Promise<void> {
  const topic = await createTopic("generation", 1);
  const groupId = uniqueName("ottla", "generation");
  const member = client.consumer({ groupId, autoOffsetReset: "earliest", autoCommit: false });
  member.subscribe({ topics: [topic] });
  while (member.assignment().length === 0) await member.poll({ timeoutMs: 100 });
  const stranger = client.consumer({ groupId });
  stranger.assign([{ topic, partition: 0, offset: 0 }]);
  await assert.rejects(stranger.commit([{ topic, partition: 0, offset: 5 }]), {
    name: "UNKNOWN_MEMBER_ID",
  });
  assert.equal((await member.committed([{ topic, partition: 0 }]))[0]!.offset, -1);
  await member.commit([{ topic, partition: 0, offset: 5 }]);
  assert.equal((await stranger.committed([{ topic, partition: 0 }]))[0]!.offset, 5);
  await stranger.close();
  await member.close();
}

async function checkOutOfRange(): Promise<void> {
  const topic = await createTopic("range", 1);
  const strict = client.consumer({ autoOffsetReset: "none" });
  strict.assign([{ topic, partition: 0, offset: 4711 }]);
  await assert.rejects(strict.poll({ timeoutMs: 10_000 }), { name: "OFFSET_OUT_OF_RANGE" });
  await strict.close();
  const producer = client.producer();
  await producer.send({ topic, messages: [{ value: "first" }] });
  await producer.close();
  const lenient = client.consumer({ autoOffsetReset: "earliest" });
  lenient.assign([{ topic, partition: 0, offset: 4711 }]);
  assert.deepEqual((await lenient.poll({ timeoutMs: 10_000 })).map(textOf), ["first"]);
  await lenient.close();
}

async function checkUnreachable(): Promise<void> {
  const nowhere = new Client({ bootstrapServers: "127.0.0.1:1", bootstrapTimeoutMs: 200 });
  await assert.rejects(nowhere.admin().listTopics(), {
    name: "ConnectionError",
    message: "cannot reach 127.0.0.1:1 (connection refused): is a broker running there?",
  });
  await nowhere.close();
  // One bad address among good ones does no harm.
  const half = new Client({ bootstrapServers: ["127.0.0.1:1", bootstrap] });
  await half.admin().listTopics();
  await half.close();
}

export async function checkRefusals(): Promise<void> {
  await check("producing to an unknown topic is refused", checkUnknownTopic);
  await check("a record over the size limit is refused and not stored", checkTooLarge);
  await check("a batch over the topic's limit is split and stored in order", checkSplit);
  await check("a commit of a stranger to a living group is refused", checkWrongGeneration);
  await check("an offset out of range is an error or a reset, as asked", checkOutOfRange);
  await check("a broker that is not there is named in one clear sentence", checkUnreachable);
}
