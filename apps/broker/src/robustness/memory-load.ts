/*
 * A process of its own: producers that send requests of a record batch for every partition as fast as they can, and
 * consumers that begin at the start and drain their sockets slowly. Prints one line of JSON; what was read is checked
 * batch by batch. Arguments: port, producers, consumers, partitions, requests per producer.
 */
import { Api, iterateBatches, iterateRecords } from "@ottla/protocol";
import { batchOf, createTopic, fetchFrom } from "../test/requests.ts";
import { WireClient } from "../test/wire-client.ts";

const TOPIC = "flood";
const VALUE_BYTES = 900_000;
const PRODUCE_BY_NAME = 12;
/** A lagging consumer reads its socket for a while and then does something else for longer. */
const READING_MS = 20;
const IDLE_MS = 60;
const FETCHES_IN_FLIGHT = 3;
const MAX_DECOMPRESSED_BYTES = 16 * 1024 * 1024;

const [port = 0, producers = 0, consumers = 0, partitions = 0, requests = 0] = process.argv
  .slice(2)
  .map(Number);

const sleep = (delayMs: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, delayMs));

/** Says whose record it is, and fills the rest with something that depends on it. */
function valueOf(producer: number, round: number): string {
  const filling = String.fromCodePoint(97 + ((producer * 7 + round) % 26));
  return `${producer}:${round}:`.padEnd(VALUE_BYTES, filling);
}

async function produce(producer: number): Promise<void> {
  await using client = await WireClient.connect(port);
  for (let round = 0; round < requests; round++) {
    const records = batchOf([valueOf(producer, round)]);
    const partitionData = Array.from({ length: partitions }, (_, index) => ({ index, records }));
    const { responses } = await client.send(Api.Produce, PRODUCE_BY_NAME, {
      acks: -1,
      timeoutMs: 60_000,
      topicData: [{ name: TOPIC, partitionData }],
    });
    for (const { index, errorCode } of responses[0]!.partitionResponses)
      if (errorCode !== 0) throw new Error(`request ${round} to ${index}: error ${errorCode}`);
  }
}

/** Reads a partition from its start until it holds the record of every request, each once and in order. */
async function consume(partition: number): Promise<void> {
  await using client = await WireClient.connect(port);
  let isReading = true;
  const lag = (async () => {
    while (isReading) {
      client.pauseReading();
      await sleep(IDLE_MS);
      client.resumeReading();
      await sleep(READING_MS);
    }
  })();
  const rounds = Array.from({ length: producers }, () => 0);
  let next = 0;
  while (next < producers * requests) {
    const fetches = Array.from({ length: FETCHES_IN_FLIGHT }, () =>
      fetchFrom(client, TOPIC, next, { partition, maxWaitMs: 100, partitionMaxBytes: 8_000_000 }),
    );
    const [first] = await Promise.all(fetches);
    if (first!.errorCode !== 0) throw new Error(`a fetch of ${partition}: ${first!.errorCode}`);
    for (const batch of iterateBatches(first!.records ?? new Uint8Array())) {
      if (!batch.isCrcValid()) throw new Error(`partition ${partition} offset ${next} is damaged`);
      for (const record of iterateRecords(batch, {
        maxDecompressedBytes: MAX_DECOMPRESSED_BYTES,
      })) {
        const value = Buffer.from(record.value ?? []).toString("latin1");
        const producer = Number(value.split(":", 1)[0]);
        const round = rounds[producer]!++;
        if (record.offset !== next || value !== valueOf(producer, round))
          throw new Error(`partition ${partition}: ${value.slice(0, 20)} at ${record.offset}`);
        next += 1;
      }
    }
  }
  isReading = false;
  await lag;
}

const startedMs = performance.now();
{
  await using client = await WireClient.connect(port);
  await createTopic(client, TOPIC, { numPartitions: partitions });
}
await Promise.all([
  ...Array.from({ length: producers }, (_, producer) => produce(producer)),
  ...Array.from({ length: consumers }, (_, consumer) => consume(consumer % partitions)),
]);
const elapsedMs = Math.round(performance.now() - startedMs);
const consumed = consumers * producers * requests;
console.log(JSON.stringify({ consumed, elapsedMs }));
process.exit(0);
