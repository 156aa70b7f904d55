import type { MeasuredBroker } from "../brokers/broker.ts";
import { withWireClient } from "../clients/wire-client.ts";
import { settleDisk } from "../machine/settle-disk.ts";
import type { BenchContext } from "./bench-context.ts";
import { topicName } from "./names.ts";
import { inTurn } from "./turns.ts";

export const LATENCY_RECORD_BYTES = 100;
export const LATENCY_PARTITIONS = 4;

/** A run that sent clearly less than it was asked for measured a queue, not a latency. */
const RATE_SHARE_MIN = 0.95;

export async function measureLatency(
  context: BenchContext,
  brokers: readonly MeasuredBroker[],
): Promise<void> {
  const { options } = context;
  for (const ratePerSecond of options.latencyRates) {
    for (let round = 0; round < options.rounds; round++) {
      for (const broker of inTurn(brokers, round))
        await measureRate(context, broker, ratePerSecond);
    }
  }
}

async function measureRate(
  context: BenchContext,
  broker: MeasuredBroker,
  ratePerSecond: number,
): Promise<void> {
  const { java, librdkafka, options, log } = context;
  const rate = `${ratePerSecond / 1000} k/s`;
  const topics = [topicName(), topicName()] as const;
  const load = {
    bootstrap: broker.bootstrap,
    partitions: LATENCY_PARTITIONS,
    recordBytes: LATENCY_RECORD_BYTES,
    ratePerSecond,
    seconds: options.latencySeconds,
  };
  const add = (id: string, title: string, value: number): void =>
    log.add(
      {
        id: `latency/${id}/${ratePerSecond}`,
        section: "latency",
        title: `${title}, ${rate}`,
        unit: "ms",
        better: "lower",
      },
      broker.name,
      value,
    );
  await withWireClient(broker.port, async (client) => {
    for (const topic of topics) await client.createTopic(topic, LATENCY_PARTITIONS);
  });
  const attempt = async (client: string, measure: () => Promise<void>): Promise<void> => {
    try {
      await settleDisk();
      await measure();
    } catch (error) {
      log.addMissing(`${broker.name}, ${client} latency at ${rate}`, error);
    }
  };
  if (java !== undefined) {
    await attempt("Java", async () => {
      const result = await java.latency({ ...load, topic: topics[0] });
      assertRate(result.recordsPerSecond, ratePerSecond);
      add("java/p50", "Java produce p50", result.p50Ms);
      add("java/p99", "Java produce p99", result.p99Ms);
    });
  }
  if (librdkafka !== undefined) {
    await attempt("librdkafka", async () => {
      const result = await librdkafka.latency({ ...load, topic: topics[1] });
      assertRate(result.recordsPerSecond, ratePerSecond);
      add("librdkafka/produce/p50", "librdkafka produce p50", result.acknowledgedMs.p50);
      add("librdkafka/produce/p99", "librdkafka produce p99", result.acknowledgedMs.p99);
      add("librdkafka/end-to-end/p50", "librdkafka end to end p50", result.endToEndMs.p50);
      add("librdkafka/end-to-end/p99", "librdkafka end to end p99", result.endToEndMs.p99);
    });
  }
  await withWireClient(broker.port, async (client) => {
    for (const topic of topics) await client.deleteTopic(topic);
  });
}

function assertRate(actual: number, asked: number): void {
  if (actual < asked * RATE_SHARE_MIN) {
    throw new Error(
      `the client reached ${Math.round(actual)} of ${asked} records/s, so its latencies mean nothing`,
    );
  }
}
