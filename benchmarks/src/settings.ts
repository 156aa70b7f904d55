import type { BenchContext } from "./end-to-end/bench-context.ts";
import { LATENCY_PARTITIONS, LATENCY_RECORD_BYTES } from "./end-to-end/latency.ts";
import { IDLE_MS, MEMORY_PARTITIONS, MEMORY_RECORD_BYTES } from "./end-to-end/memory.ts";
import { sizeName } from "./end-to-end/names.ts";
import { FSYNC_SHARE } from "./end-to-end/throughput.ts";
import { LATENCY_WARM_UP_SECONDS } from "./clients/java-perf.ts";
import { KAFKA_JVM_FLAGS } from "./brokers/kafka-broker.ts";
import { KAFKA_FSYNC } from "./brokers/prepare-target.ts";
import { recordsOf } from "./options.ts";

/** Everything that decides the figures and is not visible in them; printed before the run and in the report. */
export function describeSettings({ options, librdkafka }: BenchContext): Record<string, string> {
  const sizes = options.recordSizes.map(
    (size) => `${recordsOf(options, size)} × ${sizeName(size)}`,
  );
  const overrides =
    options.ottlaOverrides.length > 0 ? `, with ${options.ottlaOverrides.join(", ")}` : "";
  return {
    effort: options.effort,
    rounds: String(options.rounds),
    "order of a round":
      "one broker after the other, each round begins with another; `sync` before each load",
    ottla: `defaults${overrides}: fdatasync before each acknowledgement (ottla.flush=group); started from the ${options.program}`,
    kafka: `defaults of a single node, which leave syncing to the operating system; JVM flags ${KAFKA_JVM_FLAGS.join(" ")}`,
    "kafka-fsync": `the same with ${Object.entries(KAFKA_FSYNC)
      .map((pair) => pair.join("="))
      .join(", ")}; ${FSYNC_SHARE} of the records`,
    "records of a produce run": sizes.join(", "),
    "Java client":
      "producer-perf-test and consumer-perf-test; acks=all, otherwise defaults (batch.size=16384, linger.ms=5, idempotent); the first tenth of the records warms up; consume without the time of joining the group",
    librdkafka:
      librdkafka === undefined
        ? "not measured"
        : `${librdkafka.version}; acks=all, otherwise defaults (batch.size=1000000, linger.ms=5); produce from the first acknowledgement on; consume from the first fetched record to the last, partitions assigned`,
    replication: "one node, replication factor 1",
    compression: "none",
    consume: "what was just produced, so from the page cache or the broker's memory",
    latency: `${LATENCY_RECORD_BYTES} B records, ${LATENCY_PARTITIONS} partitions, ${options.latencySeconds} s after ${LATENCY_WARM_UP_SECONDS} s that do not count`,
    memory: `resident, all threads; idle ${IDLE_MS / 1000} s after the start; load of ${recordsOf(options, MEMORY_RECORD_BYTES)} × ${sizeName(MEMORY_RECORD_BYTES)} on ${MEMORY_PARTITIONS} partitions`,
    start:
      "from starting the process to the first acknowledged record, retried every 2 ms; formatting Kafka's directory is not counted",
  };
}
