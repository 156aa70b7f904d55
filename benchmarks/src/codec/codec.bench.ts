/**
 * Encoding and decoding Produce, Fetch and Metadata with 1, 100 and 1,000 partitions, by us, kafkajs and
 * @platformatic/kafka in one run, each in the newest version that it has. kafkajs is asynchronous
 * throughout, which is part of what it costs. Alone:
 * `node --conditions=@ottla/source benchmarks/src/codec/codec.bench.ts`
 */
import {
  ByteWriter,
  decodeMessage,
  encodeMessage,
  fetchRequest,
  fetchResponse,
  metadataRequest,
  metadataResponse,
  produceRequest,
  produceResponse,
  RecordBatchBuilder,
  type Message,
  type MessageInput,
} from "@ottla/protocol";
import { Bench } from "tinybench";
import {
  kafkajsRequest,
  kafkajsResponse,
  platformaticRequest,
  platformaticResponse,
} from "./rival-codecs.ts";

const TOPIC = "orders";
const TOPIC_ID = "Mk4qTeR4RvG0OCHsWLjw2g";
// @platformatic/kafka writes topic ids in the long form.
const TOPIC_ID_LONG = "324e2a4d-e478-46f1-b438-21ec58b8f0da";
const TIMESTAMP_MS = 1_700_000_000_000;
const VALUE = Buffer.alloc(100, "a");

function encode<T>(message: Message<T>, body: MessageInput<T>, version: number): Uint8Array[] {
  const writer = new ByteWriter();
  message.encode(writer, body, version);
  return writer.chunks();
}

/** What another codec wrote has to be readable by our tables, or the comparison would be void. */
function mustRead<T>(message: Message<T>, version: number, bytes: Uint8Array): void {
  decodeMessage(message, bytes, version);
}

/** One batch with one record of 100 bytes for each partition, built and encoded. */
async function addProduce(bench: Bench, partitions: readonly number[]): Promise<void> {
  const of = `${partitions.length} partitions`;
  const ottla = (): Uint8Array[] => {
    const partitionData = partitions.map((index) => {
      const builder = new RecordBatchBuilder({});
      builder.append({ timestamp: TIMESTAMP_MS, key: null, value: VALUE });
      return { index, records: builder.build() };
    });
    return encode(
      produceRequest,
      { acks: -1, timeoutMs: 1000, topicData: [{ name: TOPIC, partitionData }] },
      9,
    );
  };
  const kafkajs = kafkajsRequest("produce", 7, {
    acks: -1,
    timeout: 1000,
    topicData: [
      {
        topic: TOPIC,
        partitions: partitions.map((partition) => ({
          partition,
          messages: [{ key: null, value: VALUE }],
        })),
      },
    ],
  });
  const messages = partitions.map((partition) => ({
    topic: TOPIC,
    partition,
    value: VALUE,
    timestamp: BigInt(TIMESTAMP_MS),
  }));
  const platformatic = platformaticRequest("produceV9", -1, 1000, messages, {});
  mustRead(produceRequest, 7, await kafkajs());
  mustRead(produceRequest, 9, Buffer.concat(platformatic()));
  addThree(bench, `encode Produce request, ${of}`, ottla, kafkajs, platformatic);

  const responses = [
    {
      name: TOPIC,
      partitionResponses: partitions.map((index) => ({
        index,
        baseOffset: 4711n,
        logStartOffset: 0n,
      })),
    },
  ];
  addDecoders(
    bench,
    `decode Produce response, ${of}`,
    produceResponse,
    { responses },
    [9, 7, 9],
    "produce",
    "produceV9",
  );
}

async function addFetchRequest(bench: Bench, partitions: readonly number[]): Promise<void> {
  const of = `${partitions.length} partitions`;
  const topics = [
    {
      topicId: TOPIC_ID,
      partitions: partitions.map((partition) => ({
        partition,
        fetchOffset: 4711n,
        partitionMaxBytes: 1048576,
      })),
    },
  ];
  const ottla = (): Uint8Array[] =>
    encode(fetchRequest, { maxWaitMs: 500, minBytes: 1, maxBytes: 52428800, topics }, 17);
  const kafkajs = kafkajsRequest("fetch", 11, {
    replicaId: -1,
    maxWaitTime: 500,
    minBytes: 1,
    maxBytes: 52428800,
    topics: [
      {
        topic: TOPIC,
        partitions: partitions.map((partition) => ({
          partition,
          fetchOffset: "4711",
          maxBytes: 1048576,
        })),
      },
    ],
  });
  const theirs = partitions.map((partition) => ({
    partition,
    currentLeaderEpoch: -1,
    fetchOffset: 4711n,
    lastFetchedEpoch: -1,
    partitionMaxBytes: 1048576,
  }));
  const platformatic = platformaticRequest(
    "fetchV17",
    500,
    1,
    52428800,
    0,
    0,
    -1,
    [{ topicId: TOPIC_ID_LONG, partitions: theirs }],
    [],
    "",
  );
  mustRead(fetchRequest, 11, await kafkajs());
  mustRead(fetchRequest, 17, Buffer.concat(platformatic()));
  addThree(bench, `encode Fetch request, ${of}`, ottla, kafkajs, platformatic);
}

/** Without records: reading those is the business of records.bench.ts. */
function addFetchResponse(bench: Bench, partitions: readonly number[]): void {
  const of = `${partitions.length} partitions`;
  const responses = [
    {
      topic: TOPIC,
      topicId: TOPIC_ID,
      partitions: partitions.map((partitionIndex) => ({
        partitionIndex,
        highWatermark: 4711n,
        lastStableOffset: 4711n,
        logStartOffset: 0n,
        abortedTransactions: [],
        records: new Uint8Array(0),
      })),
    },
  ];
  addDecoders(
    bench,
    `decode Fetch response, ${of}`,
    fetchResponse,
    { responses },
    [17, 11, 17],
    "fetch",
    "fetchV17",
  );
}

async function addMetadata(bench: Bench, partitions: readonly number[]): Promise<void> {
  const names = partitions.map((index) => `topic-${index}`);
  const ottla = (): Uint8Array[] =>
    encode(metadataRequest, { topics: names.map((name) => ({ name })) }, 12);
  const kafkajs = kafkajsRequest("metadata", 6, { topics: names });
  const platformatic = platformaticRequest("metadataV12", names, true, false);
  mustRead(metadataRequest, 6, await kafkajs());
  mustRead(metadataRequest, 12, Buffer.concat(platformatic()));
  addThree(
    bench,
    `encode Metadata request, ${partitions.length} topics`,
    ottla,
    kafkajs,
    platformatic,
  );

  const body = {
    brokers: [1, 2, 3].map((nodeId) => ({
      nodeId,
      host: `broker-${nodeId}.example`,
      port: 9092,
      rack: "a",
    })),
    clusterId: TOPIC_ID,
    controllerId: 1,
    topics: [
      {
        name: TOPIC,
        topicId: TOPIC_ID,
        partitions: partitions.map((partitionIndex) => ({
          partitionIndex,
          leaderId: 1,
          leaderEpoch: 3,
          replicaNodes: [1, 2, 3],
          isrNodes: [1, 2, 3],
        })),
      },
    ],
  };
  const of = `${partitions.length} partitions`;
  addDecoders(
    bench,
    `decode Metadata response, ${of}`,
    metadataResponse,
    body,
    [12, 6, 12],
    "metadata",
    "metadataV12",
  );
}

/** The bytes are ours in each codec's version; `versions` are those of us, kafkajs and platformatic. */
function addDecoders<T>(
  bench: Bench,
  name: string,
  message: Message<T>,
  body: MessageInput<T>,
  versions: readonly [number, number, number],
  kafkajsApi: string,
  platformaticApi: string,
): void {
  const [forUs, forKafkajs, forPlatformatic] = versions.map((version) =>
    Buffer.from(encodeMessage(message, body, version)),
  ) as [Buffer, Buffer, Buffer];
  const kafkajs = kafkajsResponse(kafkajsApi, versions[1]);
  const platformatic = platformaticResponse(platformaticApi);
  addThree(
    bench,
    name,
    () => decodeMessage(message, forUs, versions[0]),
    () => kafkajs(forKafkajs),
    () => platformatic(forPlatformatic),
  );
}

function addThree(
  bench: Bench,
  name: string,
  ottla: () => unknown,
  kafkajs: () => Promise<unknown>,
  platformatic: () => unknown,
): void {
  bench.add(`${name}: ottla`, () => {
    ottla();
  });
  bench.add(`${name}: kafkajs`, async () => {
    await kafkajs();
  });
  bench.add(`${name}: platformatic`, () => {
    platformatic();
  });
}

/** Adds the tasks of this file; their names are stable, because results are compared by them. */
export async function addCodecBenchmarks(bench: Bench): Promise<void> {
  for (const count of [1, 100, 1000]) {
    const partitions = Array.from({ length: count }, (_, index) => index);
    await addProduce(bench, partitions);
    await addFetchRequest(bench, partitions);
    addFetchResponse(bench, partitions);
    await addMetadata(bench, partitions);
  }
}

if (import.meta.main) {
  const bench = new Bench({ name: "codec", time: 200, warmupTime: 50 });
  await addCodecBenchmarks(bench);
  await bench.run();
  console.table(bench.table());
}
