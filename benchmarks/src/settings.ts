import type { BenchContext } from "./end-to-end/bench-context.ts";
import { LATENCY_PARTITIONS, LATENCY_RECORD_BYTES } from "./end-to-end/latency.ts";
import { IDLE_MS, MEMORY_PARTITIONS, MEMORY_RECORD_BYTES } from "./end-to-end/memory.ts";
import { sizeName } from "./end-to-end/names.ts";
import { FSYNC_SHARE } from "./end-to-end/throughput.ts";
import { LATENCY_WARM_UP_SECONDS } from "./clients/java-perf.ts";
import { END_TO_END_SETTINGS } from "./end-to-end/run-end-to-end.ts";
import { KAFKA_JVM_FLAGS } from "./brokers/kafka-broker.ts";
import { KAFKA_FSYNC } from "./brokers/prepare-target.ts";
import { CLIENTS, recordsOf } from "./options.ts";

/** Everything that decides the figures and is not visible in them; printed before the run and in the report. */
export function describeSettings({ options, librdkafka }: BenchContext): Record<string, string> {
  const sizes = options.recordSizes.map(
    (size) =>
      `${CLIENTS.map((client) => recordsOf(options, size, client)).join(" or ")} × ${sizeName(size)}`,
  );
  const overrides =
    options.ottlaOverrides.length > 0 ? `, with ${options.ottlaOverrides.join(", ")}` : "";
  return {
    effort: options.effort,
    rounds: String(options.rounds),
    "order of a round":
      "all cells, in each the brokers one after the other, each round begins with another; `sync` before each load",
    ottla: `defaults${overrides}: fdatasync before each acknowledgement (ottla.flush=group); started from the ${options.program}`,
    kafka: `defaults of a single node, which leave syncing to the operating system; JVM flags ${KAFKA_JVM_FLAGS.join(" ")}`,
    "kafka-fsync": `the same with ${Object.entries(KAFKA_FSYNC)
      .map((pair) => pair.join("="))
      .join(", ")}; ${FSYNC_SHARE} of the records`,
    "warm-up of a broker": "loaded for 1.5 s at a time until it gets no faster, 12 s at most",
    "end to end, all brokers": Object.entries(END_TO_END_SETTINGS)
      .map((pair) => pair.join("="))
      .join(", "),
    "records of a produce run, Java or librdkafka": sizes.join(", "),
    "limit of a produce cell":
      "the lower of two: the same bytes through a bare socket pair; the same batches written to as many files, each window that the client may leave unacknowledged synced with fdatasync before the next (Java: 5 requests with a batch of each partition; librdkafka: 100,000 records)",
    "limit of a consume cell": "the same bytes through a bare socket pair",
    "processors in use":
      "client: the load generator's own; all: everybody's, the kernel's included; without the start of the client. Where all are busy and the client uses most of them, the ratio compares clients",
    "Java client":
      "producer-perf-test and consumer-perf-test; acks=all, otherwise defaults (batch.size=16384, linger.ms=5, idempotent); the first half of the records warms up; consume without the time of joining the group",
    librdkafka:
      librdkafka === undefined
        ? "not measured"
        : `${librdkafka.version}; acks=all, otherwise defaults (batch.size=1000000, linger.ms=5); produce from the first acknowledgement on; consume from the first fetched record to the last, partitions assigned`,
    replication: "one node, replication factor 1",
    compression: "none",
    consume: "what was just produced, so from the page cache or the broker's memory",
    latency: `${LATENCY_RECORD_BYTES} B records, ${LATENCY_PARTITIONS} partitions, ${options.latencySeconds} s after ${LATENCY_WARM_UP_SECONDS} s that do not count; linger.ms=5, the default of both clients, is part of each latency and the same for all brokers, so librdkafka measures with 0 as well`,
    memory: `resident, all threads; idle ${IDLE_MS / 1000} s after the start; load of ${recordsOf(options, MEMORY_RECORD_BYTES, "librdkafka")} × ${sizeName(MEMORY_RECORD_BYTES)} on ${MEMORY_PARTITIONS} partitions`,
    scale: `batches of 16 KiB of 1 kB records from a load generator without client library, 64 requests under way on up to 10 connections, for ${options.scaleSeconds} s after everything was written once; message.max.bytes=2097152; a broker for each curve, points from the least to the most`,
    "many partitions": `${options.manyPartitions.partitions} partitions with ${options.manyPartitions.logBytes / 1e9} GB, in the page cache, killed after the last acknowledgement`,
    start:
      "from starting the process to the first acknowledged record, retried every 2 ms; formatting Kafka's directory is not counted",
  };
}
