// kafkajs 2.2.4 against a broker that must not notice the difference.
import assert from "node:assert/strict";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { compressSync, uncompressSync } from "snappy";
import { checkAdministration } from "./administration.ts";
import {
  admin,
  commitAsMember,
  CompressionCodecs,
  CompressionTypes,
  consumerTimings,
  createTopic,
  kafka,
  readTopic,
  toSampleRecord,
} from "./connection.ts";
import { type MemberEvent, runGroupExercise } from "./exercise/group-exercise.ts";
import { runIdempotenceExercise } from "./exercise/idempotence-exercise.ts";
import { assertSameRecords, sampleRecords } from "./exercise/sample-records.ts";
import { check, finish, restartBroker, uniqueName, until } from "./exercise/suite.ts";
import { checkRefusals } from "./refusals.ts";

interface Encoder {
  readonly buffer: Buffer;
}

// kafkajs carries gzip only; the other codecs are plugged in the way its documentation shows. Snappy is
// written as one raw block, without the framing of the Java client: a broker has to take both.
CompressionCodecs[CompressionTypes.Snappy] = () => ({
  compress: async (encoder: Encoder) => compressSync(encoder.buffer),
  decompress: async (buffer: Buffer) => uncompressSync(buffer),
});
CompressionCodecs[CompressionTypes.ZSTD] = () => ({
  compress: async (encoder: Encoder) => zstdCompressSync(encoder.buffer),
  decompress: async (buffer: Buffer) => zstdDecompressSync(buffer),
});

async function checkCodec(name: string, compression: number): Promise<void> {
  const topic = await createTopic(`codec-${name}`, 3);
  const producer = kafka.producer();
  await producer.connect();
  await Promise.all(
    [0, 1, 2].map((partition) => {
      const messages = sampleRecords(partition).map(({ headers, timestamp, ...record }) => ({
        ...record,
        partition,
        headers: Object.fromEntries(headers),
        timestamp: String(timestamp),
      }));
      return producer.send({ topic, messages, compression, acks: -1 });
    }),
  );
  await producer.disconnect();
  const stored = await readTopic(topic);
  for (const partition of [0, 1, 2]) {
    assertSameRecords(stored.get(partition)!.map(toSampleRecord), sampleRecords(partition));
  }
}

async function checkRepeatedHeaders(): Promise<void> {
  const topic = await createTopic("headers", 1);
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({
    topic,
    messages: [{ value: "x", headers: { trace: ["a", "b", "a"], other: "c" } }],
  });
  await producer.disconnect();
  const [message] = (await readTopic(topic)).get(0)!;
  assert.deepEqual(toSampleRecord(message!).headers.map(String), [
    "trace,a",
    "trace,b",
    "trace,a",
    "other,c",
  ]);
}

async function exerciseGroup(): Promise<void> {
  const topic = await createTopic("group", 6);
  const producer = kafka.producer();
  await producer.connect();
  await runGroupExercise({
    partitionCount: 6,
    member: [process.execPath, "member.ts", topic, uniqueName("kafkajs", "group")],
    readLine: (line) => (line.startsWith("{") ? (JSON.parse(line) as MemberEvent) : undefined),
    produce: async (values) => {
      const messages = values.map((value, index) => ({ value, partition: index % 6 }));
      await producer.send({ topic, messages });
    },
  });
  await producer.disconnect();
}

async function checkOffsetsOverRestart(): Promise<void> {
  const topic = await createTopic("restart", 2);
  const groupId = uniqueName("kafkajs", "restart");
  const producer = kafka.producer();
  const produce = (from: number, to: number) => {
    const values = Array.from({ length: to - from }, (_, index) => `${from + index}`);
    return producer.send({
      topic,
      messages: values.flatMap((value) => [0, 1].map((partition) => ({ value, partition }))),
    });
  };
  await producer.connect();
  await produce(0, 20);
  await commitAsMember(groupId, topic, ["5", "12"]);
  const consumer = kafka.consumer({ groupId, ...consumerTimings });
  const seen = new Map<number, number[]>([
    [0, []],
    [1, []],
  ]);
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await restartBroker();
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      seen.get(partition)!.push(Number(message.value));
    },
  });
  await until(
    "reading on from the committed offsets",
    () => seen.get(0)!.length >= 15 && seen.get(1)!.length >= 8,
  );
  await produce(20, 25);
  await until(
    "reading what came after the restart",
    () => seen.get(0)!.length >= 20 && seen.get(1)!.length >= 13,
  );
  await consumer.disconnect();
  await producer.disconnect();
  const expected = (from: number) => Array.from({ length: 25 - from }, (_, index) => from + index);
  assert.deepEqual(
    [...seen],
    [
      [0, expected(5)],
      [1, expected(12)],
    ],
  );
  const [committed] = await admin.fetchOffsets({ groupId, topics: [topic] });
  assert.deepEqual(
    committed!.partitions.map(({ offset }) => offset),
    ["25", "25"],
  );
}

async function exerciseIdempotence(): Promise<void> {
  const topic = await createTopic("idempotence", 3);
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 5 });
  await producer.connect();
  await runIdempotenceExercise({
    partitionCount: 3,
    send: async (partition, value) => {
      await producer.send({ topic, acks: -1, messages: [{ partition, value }] });
    },
    readAll: async () => {
      const stored = await readTopic(topic);
      return new Map(
        [...stored].map(([partition, messages]) => [
          partition,
          messages.map(({ value }) => String(value)),
        ]),
      );
    },
  });
  await producer.disconnect();
}

await admin.connect();
for (const [name, codec] of Object.entries({ none: 0, gzip: 1, snappy: 2, zstd: 4 })) {
  await check(`records come back byte for byte, codec ${name}`, () => checkCodec(name, codec));
}
await check("repeated header names keep their values and order", checkRepeatedHeaders);
await checkAdministration();
await checkRefusals();
await exerciseGroup();
await check(
  "committed offsets survive a restart, and the consumer goes on",
  checkOffsetsOverRestart,
);
await exerciseIdempotence();
await admin.disconnect();
finish();
