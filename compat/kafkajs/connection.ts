// The kafkajs client as every part of this suite uses it: quiet, quick to retry, never creating topics.
import kafkajs from "kafkajs";
import type { EachMessagePayload, IHeaders, KafkaMessage } from "kafkajs";
import { bootstrap, uniqueName, until } from "./exercise/suite.ts";
import type { SampleRecord } from "./exercise/sample-records.ts";

export const { CompressionCodecs, CompressionTypes } = kafkajs;

export const kafka = new kafkajs.Kafka({
  clientId: "compat-kafkajs",
  brokers: [bootstrap],
  logLevel: kafkajs.logLevel.NOTHING,
  retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 60 },
});
/** Few retries: an admin request that is refused shall say so now, not after a minute of asking again. */
export const admin = kafka.admin({ retry: { retries: 3 } });

export const consumerTimings = {
  sessionTimeout: 6_000,
  rebalanceTimeout: 6_000,
  heartbeatInterval: 500,
  maxWaitTimeInMs: 100,
} as const;

/**
 * Resolves when every partition answers. Metadata alone names the leaders a moment before Apache Kafka has opened
 * the logs, and a send that is refused for one partition is repeated by the client for all of them.
 */
export async function createTopic(purpose: string, numPartitions: number): Promise<string> {
  const topic = uniqueName("kafkajs", purpose);
  await admin.createTopics({ topics: [{ topic, numPartitions }], waitForLeaders: true });
  await until(`offsets of ${topic}`, () =>
    admin.fetchTopicOffsets(topic).then(
      (offsets) => offsets.length === numPartitions,
      () => false,
    ),
  );
  return topic;
}

/** Everything that lies below the high watermarks of this moment, by partition and in offset order. */
export async function readTopic(topic: string): Promise<Map<number, KafkaMessage[]>> {
  const ends = await admin.fetchTopicOffsets(topic);
  const records = new Map<number, KafkaMessage[]>(ends.map(({ partition }) => [partition, []]));
  const consumer = kafka.consumer({
    groupId: uniqueName("kafkajs", `read-${topic}`),
    ...consumerTimings,
  });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ partition, message }: EachMessagePayload) => {
      records.get(partition)!.push(message);
    },
  });
  const isComplete = ({ partition, high }: { partition: number; high: string }) =>
    high === "0" || BigInt(records.get(partition)!.at(-1)?.offset ?? -1) >= BigInt(high) - 1n;
  try {
    await until(`reading ${topic} to its end`, () => ends.every(isComplete), {
      state: () => [...records].map(([partition, { length }]) => ({ partition, length })),
    });
  } finally {
    await consumer.disconnect();
  }
  return records;
}

/** Commits through a member of the group that then leaves. */
export async function commitAsMember(
  groupId: string,
  topic: string,
  offsets: readonly string[],
): Promise<void> {
  const consumer = kafka.consumer({ groupId, ...consumerTimings });
  let joined = false;
  consumer.on(consumer.events.GROUP_JOIN, () => {
    joined = true;
  });
  await consumer.connect();
  await consumer.subscribe({ topic });
  await consumer.run({ autoCommit: false, eachMessage: async () => {} });
  try {
    await until("joining the group", () => joined);
    await consumer.commitOffsets(
      offsets.map((offset, partition) => ({ topic, partition, offset })),
    );
  } finally {
    await consumer.disconnect();
  }
}

function headerEntries(headers: IHeaders | undefined): [string, Buffer][] {
  return Object.entries(headers ?? {}).flatMap(([name, value]) =>
    [value].flat().map((one): [string, Buffer] => [name, Buffer.from(one ?? "")]),
  );
}

export function toSampleRecord(message: KafkaMessage): SampleRecord {
  const { key, value, timestamp } = message;
  return { key, value, headers: headerEntries(message.headers), timestamp: Number(timestamp) };
}
