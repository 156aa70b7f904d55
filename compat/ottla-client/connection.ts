// Our own client as every part of this suite uses it.
import { type Admin, Client, type ConsumerRecord, type TopicPartition } from "@ottla/client";
import type { SampleRecord } from "../kafkajs/exercise/sample-records.ts";
import { bootstrap, uniqueName, until } from "../kafkajs/exercise/suite.ts";

export const client = new Client({ bootstrapServers: bootstrap, clientId: "compat-ottla" });
export const admin: Admin = client.admin();

export const groupTimings = {
  sessionTimeoutMs: 6_000,
  heartbeatIntervalMs: 500,
  autoCommitIntervalMs: 500,
} as const;

export async function createTopic(
  purpose: string,
  partitions: number,
  configs: Record<string, string> = {},
): Promise<string> {
  const topic = uniqueName("ottla", purpose);
  const [created] = await admin.createTopics([
    { topic, partitions, replicationFactor: 1, configs },
  ]);
  if (created?.error !== undefined) throw created.error;
  await until(`offsets of ${topic}`, () =>
    admin
      .listOffsets(
        partitionsOf(topic, partitions).map((one) => ({ ...one, spec: "latest" as const })),
      )
      .then(
        () => true,
        () => false,
      ),
  );
  return topic;
}

export function partitionsOf(topic: string, count: number): TopicPartition[] {
  return Array.from({ length: count }, (_, partition) => ({ topic, partition }));
}

/** Everything below the end offsets of this moment, by partition and in offset order. */
export async function readTopic(topic: string): Promise<Map<number, ConsumerRecord[]>> {
  const consumer = client.consumer();
  const { partitions } = await consumer.partitionsFor(topic);
  const all = partitions.map(({ partition }) => ({ topic, partition }));
  const records = new Map<number, ConsumerRecord[]>(
    partitions.map(({ partition }) => [partition, []]),
  );
  const ends = await consumer.endOffsets(all);
  consumer.assign(all.map((one) => ({ ...one, offset: "earliest" as const })));
  try {
    await until(`reading ${topic} to its end`, async () => {
      for (const record of await consumer.poll({ timeoutMs: 200 }))
        records.get(record.partition)!.push(record);
      return ends.every((end) => end.offset === 0 || (consumer.position(end) ?? -1) >= end.offset);
    });
  } finally {
    await consumer.close();
  }
  return records;
}

export function toSampleRecord(record: ConsumerRecord): SampleRecord {
  const toBuffer = (bytes: Uint8Array | null): Buffer | null =>
    bytes === null ? null : Buffer.from(bytes);
  return {
    key: toBuffer(record.key),
    value: toBuffer(record.value),
    headers: record.headers.map(({ key, value }): [string, Buffer] => [
      key,
      Buffer.from(value ?? []),
    ]),
    timestamp: record.timestamp,
  };
}

export function textOf(record: ConsumerRecord): string {
  return Buffer.from(record.value ?? []).toString();
}
