import { Api, RecordBatchBuilder, ZERO_UUID, iterateBatches, iterateRecords, type CompressionType, type FetchResponse } from "@ottla/protocol";
import type { WireClient } from "./wire-client.ts";

const FETCH_BY_NAME = 12;
const PRODUCE_BY_NAME = 12;
const MAX_DECOMPRESSED_BYTES = 64 * 1024 * 1024;

export interface BatchOptions {
  readonly compression?: CompressionType;
  readonly producerId?: bigint;
  readonly producerEpoch?: number;
  readonly baseSequence?: number;
  readonly timestamp?: number;
  /** The key of every record; none without it. */
  readonly key?: string;
  readonly transactional?: boolean;
}

/** One batch with a record per value. */
export function batchOf(values: readonly string[], options: BatchOptions = {}): Uint8Array {
  const { timestamp = Date.now(), key, ...rest } = options;
  const keyBytes = key === undefined ? null : Buffer.from(key);
  const builder = new RecordBatchBuilder(rest);
  for (const value of values) builder.append({ timestamp, key: keyBytes, value: Buffer.from(value), headers: [] });
  return builder.build();
}

export async function createTopic(
  client: WireClient,
  name: string,
  options: { numPartitions?: number; configs?: Readonly<Record<string, string>> } = {},
): Promise<string> {
  const configs = Object.entries(options.configs ?? {}).map(([key, value]) => ({ name: key, value }));
  const { topics } = await client.send(Api.CreateTopics, 7, {
    topics: [{ name, numPartitions: options.numPartitions ?? 1, replicationFactor: 1, configs }],
    timeoutMs: 10_000,
  });
  const [created] = topics;
  if (created?.errorCode !== 0) throw new Error(`topic ${name}: error ${created?.errorCode} ${created?.errorMessage}`);
  return created.topicId;
}

/** The answer for one partition. */
export async function produceTo(
  client: WireClient,
  where: { readonly topic: string; readonly partition?: number },
  records: Uint8Array | null,
  options: { readonly acks?: number; readonly version?: number } = {},
) {
  const { responses } = await client.send(Api.Produce, options.version ?? PRODUCE_BY_NAME, {
    acks: options.acks ?? -1,
    timeoutMs: 10_000,
    topicData: [{ name: where.topic, partitionData: [{ index: where.partition ?? 0, records }] }],
  });
  return responses[0]!.partitionResponses[0]!;
}

export interface FetchOptions {
  readonly partition?: number;
  readonly maxWaitMs?: number;
  readonly minBytes?: number;
  readonly maxBytes?: number;
  readonly partitionMaxBytes?: number;
  readonly isolationLevel?: number;
  readonly currentLeaderEpoch?: number;
  readonly lastFetchedEpoch?: number;
}

export async function fetchFrom(client: WireClient, topic: string, fetchOffset: number, options: FetchOptions = {}) {
  const response = await client.send(Api.Fetch, FETCH_BY_NAME, {
    maxWaitMs: options.maxWaitMs ?? 0,
    minBytes: options.minBytes ?? 1,
    maxBytes: options.maxBytes ?? 50_000_000,
    isolationLevel: options.isolationLevel ?? 0,
    sessionEpoch: -1,
    topics: [
      {
        topic,
        topicId: ZERO_UUID,
        partitions: [
          {
            partition: options.partition ?? 0,
            fetchOffset: BigInt(fetchOffset),
            partitionMaxBytes: options.partitionMaxBytes ?? 10_000_000,
            currentLeaderEpoch: options.currentLeaderEpoch ?? -1,
            lastFetchedEpoch: options.lastFetchedEpoch ?? -1,
          },
        ],
      },
    ],
  });
  return response.responses[0]!.partitions[0]!;
}

type FetchedPartition = FetchResponse["responses"][number]["partitions"][number];

/** `offset:value` of every record, as a consumer would see them. */
export function valuesOf({ records }: Pick<FetchedPartition, "records">): string[] {
  const values: string[] = [];
  for (const batch of iterateBatches(records ?? new Uint8Array())) {
    for (const record of iterateRecords(batch, { maxDecompressedBytes: MAX_DECOMPRESSED_BYTES })) {
      values.push(`${record.offset}:${Buffer.from(record.value ?? "").toString()}`);
    }
  }
  return values;
}
