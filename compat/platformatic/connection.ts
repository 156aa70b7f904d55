// The @platformatic/kafka client as every part of this suite uses it: bytes in and out, quick to retry,
// never creating topics.
import {
  Admin,
  type BaseOptions,
  type CompressionAlgorithmValue,
  Consumer,
  type Message,
  type MessageToProduce,
  type MessagesStream,
  Producer,
} from "@platformatic/kafka";
import type { SampleRecord } from "../kafkajs/exercise/sample-records.ts";
import { bootstrap, uniqueName, until } from "../kafkajs/exercise/suite.ts";

export type BytesConsumer = Consumer<Buffer, Buffer, Buffer, Buffer>;
export type BytesMessage = Message<Buffer, Buffer, Buffer, Buffer>;
export type BytesStream = MessagesStream<Buffer, Buffer, Buffer, Buffer>;
export type BytesToProduce = MessageToProduce<Buffer, Buffer, Buffer, Buffer>;

const clientOptions: BaseOptions = {
  clientId: "compat-platformatic",
  bootstrapBrokers: [bootstrap],
  autocreateTopics: false,
  retryDelay: 100,
};

export const admin = new Admin({ ...clientOptions });

export const groupTimings = {
  sessionTimeout: 6_000,
  rebalanceTimeout: 6_000,
  heartbeatInterval: 500,
  maxWaitTime: 100,
} as const;

export function newConsumer(groupId: string, options: { retries?: number } = {}): BytesConsumer {
  return new Consumer({ ...clientOptions, ...groupTimings, groupId, ...options });
}

export interface ProducerChoices {
  readonly retries?: number;
  readonly compression?: CompressionAlgorithmValue;
  readonly idempotent?: boolean;
}

export function newProducer(
  options: ProducerChoices = {},
): Producer<Buffer, Buffer, Buffer, Buffer> {
  return new Producer({ ...clientOptions, acks: -1, ...options });
}

/**
 * Resolves when every partition answers. Metadata alone names the leaders a moment before Apache Kafka has opened
 * the logs, and a send that is refused for one partition is repeated by the client for all of them.
 */
export async function createTopic(purpose: string, partitions: number): Promise<string> {
  const name = uniqueName("platformatic", purpose);
  await admin.createTopics({ topics: [name], partitions, replicas: 1 });
  const wanted = Array.from({ length: partitions }, (_, partitionIndex) => ({
    partitionIndex,
    timestamp: -1n,
  }));
  await until(`offsets of ${name}`, () =>
    admin.listOffsets({ topics: [{ name, partitions: wanted }] }).then(
      () => true,
      () => false,
    ),
  );
  return name;
}

/** Everything that lies below the high watermarks of this moment, by partition and in offset order. */
export async function readTopic(topic: string): Promise<Map<number, BytesMessage[]>> {
  const consumer = newConsumer(uniqueName("platformatic", `read-${topic}`));
  const ends = (await consumer.listOffsets({ topics: [topic] })).get(topic)!;
  const records = new Map<number, BytesMessage[]>(ends.map((_, partition) => [partition, []]));
  const stream = await consumer.consume({ topics: [topic], mode: "earliest", autocommit: false });
  stream.on("data", (message) => records.get(message.partition)!.push(message));
  const failure = Promise.withResolvers<never>();
  stream.on("error", failure.reject);
  const reading = until(
    `reading ${topic} to its end`,
    () =>
      ends.every((end, partition) => (records.get(partition)!.at(-1)?.offset ?? -1n) >= end - 1n),
    { state: () => [...records].map(([partition, { length }]) => ({ partition, length })) },
  );
  try {
    await Promise.race([reading, failure.promise]);
  } finally {
    await consumer.close(true);
  }
  return records;
}

export function toSampleRecord(message: BytesMessage): SampleRecord {
  const absentAsNull = (bytes: Buffer | null | undefined) => bytes ?? null;
  return {
    key: absentAsNull(message.key),
    value: absentAsNull(message.value),
    headers: message.headerEntries.map(([name, value]) => [name.toString(), value]),
    timestamp: Number(message.timestamp),
  };
}
