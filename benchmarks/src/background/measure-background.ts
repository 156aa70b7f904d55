import { readdirSync, statSync } from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { MeasuredBroker } from "../brokers/broker.ts";
import type { Librdkafka } from "../clients/librdkafka.ts";
import { withWireClient } from "../clients/wire-client.ts";
import type { BenchContext } from "../end-to-end/bench-context.ts";
import { topicName } from "../end-to-end/names.ts";
import { RunningBroker } from "../end-to-end/running-broker.ts";
import { settleDisk } from "../machine/settle-disk.ts";
import { SETTLE_MS, warmBroker } from "../native/warm-broker.ts";
import type { LoadTopic, WireLoad } from "../native/wire-load.ts";
import type { TargetName } from "../results/measurement.ts";

const TARGETS = ["ottla", "kafka"] as const;
const RATE_PER_SECOND = 10_000;
const LATENCY_PARTITIONS = 4;
const LATENCY_RECORD_BYTES = 100;

const RECORD_BYTES = 1000;
const RECORDS_PER_BATCH = 60;

/** Batches with other keys; each key is written many times. */
const KEY_SETS = 32;
const COMPACTED_PARTITIONS = 4;
const SEGMENT_BYTES = 16 * 2 ** 20;

/** What there is to clean, for each second of the measured load, so that cleaning lasts as long. */
const BYTES_PER_SECOND = 100e6;

/** The cleaner looks for work this often; Kafka's default is 15 s. Both brokers get it. */
const SETTINGS = { "log.cleaner.backoff.ms": "200" } as const;
const COMPACT = {
  "cleanup.policy": "compact",
  "min.cleanable.dirty.ratio": "0.01",
  "segment.bytes": String(SEGMENT_BYTES),
} as const;

/** Cleaning may end after the load. */
const CLEANED_WAIT_MS = 20_000;
/** The first segments are gone. */
const CLEANED_SHARE = 0.8;
const FILE_DELETE_DELAY = { "file.delete.delay.ms": "1000" } as const;

/** Produce latency while the cleaner has much to do, against the same broker without it. */
export async function measureBackground(context: BenchContext): Promise<void> {
  const { log, wireLoad, librdkafka } = context;
  if (wireLoad === undefined || librdkafka === undefined) throw new Error("needs both C clients");
  for (const target of TARGETS.filter((name) => context.targets.includes(name))) {
    await log.attempt(`${target}, producing beside compaction`, async () => {
      await using running = await RunningBroker.prepare(context, target, "background", SETTINGS);
      const broker = await running.broker();
      await warmBroker(broker, wireLoad);
      const directory = path.join(context.directory, `background-${target}`, "data");
      await measureCompaction(context, broker, { directory, wireLoad, librdkafka });
    });
  }
}

interface Tools {
  /** Of the broker's data, whose size shows whether the cleaner ran. */
  readonly directory: string;
  readonly wireLoad: WireLoad;
  readonly librdkafka: Librdkafka;
}

async function measureCompaction(
  context: BenchContext,
  broker: MeasuredBroker,
  { directory, wireLoad, librdkafka }: Tools,
): Promise<void> {
  const seconds = context.options.latencySeconds;
  const topic = topicName();
  await withWireClient(broker.port, (client) =>
    // Not compacted yet: it is filled first, and cleaned when the load runs.
    client.createTopic(topic, COMPACTED_PARTITIONS, {
      ...FILE_DELETE_DELAY,
      "segment.bytes": COMPACT["segment.bytes"],
    }),
  );
  await sleep(SETTLE_MS);
  const batchBytes = RECORD_BYTES * RECORDS_PER_BATCH;
  await wireLoad.produce({
    port: broker.port,
    topics: Array.from({ length: KEY_SETS }, (_, set) => keyedTopic(topic, set)),
    connections: 4,
    active: 4,
    depth: 8,
    warmUpSeconds: 0,
    seconds: 600,
    requests: Math.ceil((BYTES_PER_SECOND * seconds) / batchBytes),
  });
  await measureLatency(context, broker, librdkafka, "alone", "alone");
  const filledBytes = sizeOf(directory, topic);
  await withWireClient(broker.port, (client) => client.alterTopic(topic, COMPACT));
  await measureLatency(context, broker, librdkafka, "compaction", "while logs are compacted");
  await untilCleaned(() => sizeOf(directory, topic) / filledBytes);
}

/** A cleaner that did not run disturbs nobody; then the figures mean nothing. */
async function untilCleaned(shareLeft: () => number): Promise<void> {
  const deadline = performance.now() + CLEANED_WAIT_MS;
  while (shareLeft() > CLEANED_SHARE) {
    if (performance.now() > deadline) {
      const percent = Math.round(shareLeft() * 100);
      throw new Error(`the compacted log keeps ${percent} % of its size, so nothing was cleaned`);
    }
    await sleep(500);
  }
}

function keyedTopic(name: string, set: number): LoadTopic {
  return {
    name,
    partitions: COMPACTED_PARTITIONS,
    recordBytes: RECORD_BYTES,
    recordsPerBatch: RECORDS_PER_BATCH,
    keyOf: (record) => `key-${set}-${record}`,
  };
}

async function measureLatency(
  { options, log }: BenchContext,
  broker: MeasuredBroker,
  librdkafka: Librdkafka,
  id: string,
  title: string,
): Promise<void> {
  const topic = topicName();
  const partitions = LATENCY_PARTITIONS;
  await withWireClient(broker.port, (client) => client.createTopic(topic, partitions));
  if (id === "alone") await settleDisk();
  const { acknowledgedMs } = await librdkafka.latency({
    bootstrap: broker.bootstrap,
    topic,
    partitions,
    recordBytes: LATENCY_RECORD_BYTES,
    ratePerSecond: RATE_PER_SECOND,
    seconds: options.latencySeconds,
  });
  for (const share of ["p50", "p99"] as const) {
    log.add(
      {
        id: `background/${id}/${share}`,
        section: "background",
        title: `produce ${share} at ${RATE_PER_SECOND / 1000} k/s, ${title}`,
        unit: "ms",
        better: "lower",
      },
      broker.name satisfies TargetName,
      acknowledgedMs[share],
    );
  }
}

/** Of the segments of a topic; its partitions are directories named after it. */
function sizeOf(directory: string, topic: string): number {
  let bytes = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (!entry.isDirectory() || !entry.name.startsWith(`${topic}-`)) continue;
    const partition = path.join(directory, entry.name);
    for (const name of readdirSync(partition)) {
      if (name.endsWith(".log")) bytes += statSync(path.join(partition, name)).size;
    }
  }
  return bytes;
}
