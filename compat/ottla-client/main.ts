// Our own client, through the same exercises as everybody else's.
import assert from "node:assert/strict";
import type { CompressionName } from "@ottla/client";
import { type MemberEvent, runGroupExercise } from "../kafkajs/exercise/group-exercise.ts";
import { runIdempotenceExercise } from "../kafkajs/exercise/idempotence-exercise.ts";
import { assertSameRecords, sampleRecords } from "../kafkajs/exercise/sample-records.ts";
import { check, finish, restartBroker, uniqueName, until } from "../kafkajs/exercise/suite.ts";
import {
  admin,
  client,
  createTopic,
  groupTimings,
  partitionsOf,
  readTopic,
  textOf,
  toSampleRecord,
} from "./connection.ts";
import { checkMixedGroup } from "./mixed-group.ts";
import { checkRefusals } from "./refusals.ts";

const CODECS: readonly CompressionName[] = ["none", "gzip", "snappy", "lz4", "zstd"];

async function checkCodec(compression: CompressionName): Promise<void> {
  const topic = await createTopic(`codec-${compression}`, 3);
  const producer = client.producer({ compression });
  const messages = [0, 1, 2].flatMap((partition) =>
    sampleRecords(partition).map((record) => ({ ...record, partition })),
  );
  const stored = await producer.send({ topic, messages });
  await producer.close();
  assert.deepEqual(
    stored.map(({ partition, offset }) => [partition, offset]),
    messages.map(({ partition }, index) => [partition, index % sampleRecords(0).length]),
  );
  const read = await readTopic(topic);
  for (const partition of [0, 1, 2]) {
    assertSameRecords(read.get(partition)!.map(toSampleRecord), sampleRecords(partition));
  }
}

async function checkAcks(acks: 0 | 1): Promise<void> {
  const topic = await createTopic(`acks-${acks}`, 1);
  const producer = client.producer({ acks });
  const [first] = await producer.send({ topic, messages: [{ key: "k", value: "v" }] });
  assert.equal(first!.offset, acks === 0 ? -1 : 0);
  await producer.close();
  await until("the record", async () => (await readTopic(topic)).get(0)!.length === 1);
}

async function checkSeeking(): Promise<void> {
  const topic = await createTopic("seek", 1);
  const producer = client.producer();
  const messages = Array.from({ length: 10 }, (_, index) => ({
    value: `${index}`,
    timestamp: 1_700_000_000_000 + index * 1_000,
  }));
  await producer.send({ topic, messages });
  await producer.close();
  const consumer = client.consumer();
  const [only] = partitionsOf(topic, 1);
  consumer.assign([{ ...only!, offset: 7 }]);
  const next = async () => textOf((await consumer.poll({ timeoutMs: 10_000, maxRecords: 1 }))[0]!);
  assert.equal(await next(), "7");
  consumer.seek({ ...only!, offset: 2 });
  assert.equal(await next(), "2");
  consumer.seekToTimestamp(1_700_000_004_500);
  assert.equal(await next(), "5");
  consumer.seekToBeginning();
  assert.equal(await next(), "0");
  consumer.pause([only!]);
  assert.deepEqual(await consumer.poll({ timeoutMs: 300 }), []);
  consumer.resume([only!]);
  assert.equal(await next(), "1");
  consumer.seekToEnd();
  assert.deepEqual(await consumer.poll({ timeoutMs: 300 }), []);
  assert.equal(consumer.position(only!), 10);
  await consumer.close();
}

async function exerciseGroup(assignors: string): Promise<void> {
  const topic = await createTopic(`group-${assignors.replace(",", "-")}`, 6);
  const producer = client.producer();
  const groupId = uniqueName("ottla", `group-${assignors}`);
  await runGroupExercise({
    partitionCount: 6,
    member: [
      process.execPath,
      "--conditions=@ottla/source",
      "member.ts",
      topic,
      groupId,
      assignors,
    ],
    readLine: (line) => (line.startsWith("{") ? (JSON.parse(line) as MemberEvent) : undefined),
    produce: async (values) => {
      await producer.send({
        topic,
        messages: values.map((value, index) => ({ value, partition: index % 6 })),
      });
    },
  });
  await producer.close();
}

async function checkOffsetsOverRestart(): Promise<void> {
  const topic = await createTopic("restart", 2);
  const groupId = uniqueName("ottla", "restart");
  const producer = client.producer();
  const produce = async (from: number, to: number): Promise<void> => {
    const values = Array.from({ length: to - from }, (_, index) => `${from + index}`);
    await producer.send({
      topic,
      messages: values.flatMap((value) => [0, 1].map((partition) => ({ value, partition }))),
    });
  };
  await produce(0, 20);
  const [zero, one] = partitionsOf(topic, 2);
  const results = await admin.alterConsumerGroupOffsets(groupId, [
    { ...zero!, offset: 5 },
    { ...one!, offset: 12 },
  ]);
  assert.deepEqual(results, [zero, one]);
  const consumer = client.consumer({ groupId, autoOffsetReset: "none", ...groupTimings });
  consumer.subscribe({ topics: [topic] });
  const seen: number[][] = [[], []];
  await until("the assignment", async () => {
    for (const record of await consumer.poll({ timeoutMs: 50, maxRecords: 1 })) {
      seen[record.partition]!.push(Number(textOf(record)));
    }
    // What was seen before the restart must not be seen again if the group forgets the member.
    if (consumer.assignment().length > 0) await consumer.commit();
    return consumer.assignment().length === 2;
  });
  await restartBroker();
  const reading = (async () => {
    for await (const record of consumer) seen[record.partition]!.push(Number(textOf(record)));
  })();
  await until(
    "reading on from the committed offsets",
    () => seen[0]!.length >= 15 && seen[1]!.length >= 8,
  );
  await produce(20, 25);
  await until(
    "reading what came after the restart",
    () => seen[0]!.length >= 20 && seen[1]!.length >= 13,
  );
  await consumer.close();
  await reading;
  await producer.close();
  const expected = (from: number) => Array.from({ length: 25 - from }, (_, index) => from + index);
  assert.deepEqual(seen, [expected(5), expected(12)]);
  const committed = await admin.listConsumerGroupOffsets(groupId);
  assert.deepEqual(
    committed.map(({ offset }) => offset),
    [25, 25],
  );
}

async function exerciseIdempotence(): Promise<void> {
  const topic = await createTopic("idempotence", 3);
  const producer = client.producer();
  await runIdempotenceExercise({
    partitionCount: 3,
    send: async (partition, value) => {
      await producer.send({ topic, messages: [{ partition, value }] });
    },
    readAll: async () =>
      new Map(
        [...(await readTopic(topic))].map(([partition, records]) => [
          partition,
          records.map(textOf),
        ]),
      ),
  });
  await producer.close();
}

for (const codec of CODECS) {
  await check(`records come back byte for byte, codec ${codec}`, () => checkCodec(codec));
}
await check("acks=1 tells the offset", () => checkAcks(1));
await check("acks=0 sends and does not wait", () => checkAcks(0));
await check("seek by offset, time and end, pause and resume", checkSeeking);
await checkRefusals();
await exerciseGroup("range,cooperative-sticky");
await exerciseGroup("cooperative-sticky");
await check("a group mixed with another client shares its partitions", checkMixedGroup);
await check(
  "committed offsets survive a restart, and the consumer goes on",
  checkOffsetsOverRestart,
);
await exerciseIdempotence();
await client.close();
finish();
