// @platformatic/kafka 2.12.1, the client that insists on new request versions.
import assert from "node:assert/strict";
import { CompressionAlgorithms, type CompressionAlgorithmValue } from "@platformatic/kafka";
import { type MemberEvent, runGroupExercise } from "../kafkajs/exercise/group-exercise.ts";
import { runIdempotenceExercise } from "../kafkajs/exercise/idempotence-exercise.ts";
import { assertSameRecords, sampleRecords } from "../kafkajs/exercise/sample-records.ts";
import { check, finish, restartBroker, uniqueName, until } from "../kafkajs/exercise/suite.ts";
import { checkAdministration } from "./administration.ts";
import {
  admin,
  type BytesToProduce,
  createTopic,
  newConsumer,
  newProducer,
  readTopic,
  toSampleRecord,
} from "./connection.ts";
import { checkRefusals } from "./refusals.ts";

function toProduce(topic: string, partition: number): BytesToProduce[] {
  return sampleRecords(partition).map(({ key, value, headers, timestamp }) => ({
    topic,
    partition,
    ...(key === null ? {} : { key }),
    ...(value === null ? {} : { value }),
    headers: new Map(headers.map(([name, bytes]) => [Buffer.from(name), bytes])),
    timestamp: BigInt(timestamp),
  }));
}

async function checkCodec(compression: CompressionAlgorithmValue): Promise<void> {
  const topic = await createTopic(`codec-${compression}`, 3);
  const producer = newProducer({ compression });
  await producer.send({ messages: [0, 1, 2].flatMap((partition) => toProduce(topic, partition)) });
  await producer.close();
  const stored = await readTopic(topic);
  for (const partition of [0, 1, 2]) {
    assertSameRecords(stored.get(partition)!.map(toSampleRecord), sampleRecords(partition));
  }
}

async function exerciseGroup(): Promise<void> {
  const topic = await createTopic("group", 6);
  const producer = newProducer();
  await runGroupExercise({
    partitionCount: 6,
    member: [process.execPath, "member.ts", topic, uniqueName("platformatic", "group")],
    readLine: (line) => (line.startsWith("{") ? (JSON.parse(line) as MemberEvent) : undefined),
    produce: async (values) => {
      const messages = values.map((value, index) => ({
        topic,
        value: Buffer.from(value),
        partition: index % 6,
      }));
      await producer.send({ messages });
    },
  });
  await producer.close();
}

async function checkOffsetsOverRestart(): Promise<void> {
  const topic = await createTopic("restart", 2);
  const groupId = uniqueName("platformatic", "restart");
  const producer = newProducer({ retries: 100 });
  const produce = (from: number, to: number) => {
    const values = Array.from({ length: to - from }, (_, index) => Buffer.from(`${from + index}`));
    return producer.send({
      messages: values.flatMap((value) => [0, 1].map((partition) => ({ topic, value, partition }))),
    });
  };
  await produce(0, 20);
  const consumer = newConsumer(groupId, { retries: 100 });
  const seen = new Map<number, number[]>([
    [0, []],
    [1, []],
  ]);
  consumer.topics.track(topic);
  await consumer.joinGroup({});
  await consumer.commit({
    offsets: [5n, 12n].map((offset, partition) => ({ topic, partition, offset, leaderEpoch: -1 })),
  });
  await restartBroker();
  const stream = await consumer.consume({
    topics: [topic],
    mode: "committed",
    fallbackMode: "fail",
    autocommit: 100,
  });
  stream.on("data", ({ partition, value }) => seen.get(partition)!.push(Number(value)));
  await until(
    "reading on from the committed offsets",
    () => seen.get(0)!.length >= 15 && seen.get(1)!.length >= 8,
  );
  await produce(20, 25);
  await until(
    "reading what came after the restart",
    () => seen.get(0)!.length >= 20 && seen.get(1)!.length >= 13,
  );
  await until("the commit of all that was read", async () => {
    const committed = await consumer.listCommittedOffsets({
      topics: [{ topic, partitions: [0, 1] }],
    });
    return committed.get(topic)!.every((offset) => offset === 25n);
  });
  await consumer.close(true);
  await producer.close();
  const expected = (from: number) => Array.from({ length: 25 - from }, (_, index) => from + index);
  assert.deepEqual(
    [...seen],
    [
      [0, expected(5)],
      [1, expected(12)],
    ],
  );
}

async function exerciseIdempotence(): Promise<void> {
  const topic = await createTopic("idempotence", 3);
  const producer = newProducer({ idempotent: true, retries: 1_000 });
  await runIdempotenceExercise({
    partitionCount: 3,
    send: async (partition, value) => {
      await producer.send({ messages: [{ topic, partition, value: Buffer.from(value) }] });
    },
    readAll: async () => {
      const stored = await readTopic(topic);
      return new Map(
        [...stored].map(([partition, messages]) => [
          partition,
          messages.map(({ value }) => value.toString()),
        ]),
      );
    },
  });
  await producer.close(true);
}

for (const codec of Object.values(CompressionAlgorithms)) {
  await check(`records come back byte for byte, codec ${codec}`, () => checkCodec(codec));
}
await checkAdministration();
await checkRefusals();
await exerciseGroup();
await check(
  "committed offsets survive a restart, and the consumer goes on",
  checkOffsetsOverRestart,
);
await exerciseIdempotence();
await admin.close();
finish();
