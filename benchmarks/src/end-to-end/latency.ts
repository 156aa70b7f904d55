import type { MeasuredBroker } from "../brokers/broker.ts";
import { DEFAULT_LINGER_MS, type LatencyLoad, type Percentiles } from "../clients/load.ts";
import { withWireClient } from "../clients/wire-client.ts";
import { settleDisk } from "../machine/settle-disk.ts";
import type { Cell } from "../results/measurement-log.ts";
import type { BenchContext } from "./bench-context.ts";
import { topicName } from "./names.ts";
import type { RunningBroker } from "./running-broker.ts";
import { inTurn } from "./turns.ts";

export const LATENCY_RECORD_BYTES = 100;
export const LATENCY_PARTITIONS = 4;

/** A run that sent clearly less than it was asked for measured a queue, not a latency. */
const RATE_SHARE_MIN = 0.95;

export async function measureLatency(
  context: BenchContext,
  brokers: readonly RunningBroker[],
  round: number,
): Promise<void> {
  const { options, log } = context;
  for (const ratePerSecond of options.latencyRates) {
    if (!context.hasTime(round)) return;
    for (const running of inTurn(brokers, round)) {
      await log.attempt(`${running.name}, latency at ${ratePerSecond}/s`, async () =>
        measureRate(context, await running.broker(), ratePerSecond),
      );
    }
  }
}

interface LatencyRun {
  /** Of the cells. */
  readonly id: string;
  readonly title: string;
  /** Percentiles by what is added to id and title. */
  measure(load: LatencyLoad): Promise<Readonly<Record<string, Percentiles>>>;
}

function latencyRuns(
  { java, librdkafka }: BenchContext,
  broker: MeasuredBroker,
): readonly LatencyRun[] {
  const runs: LatencyRun[] = [];
  // What syncing costs Kafka shows with one client.
  const isRival = broker.name !== "kafka-fsync";
  if (java !== undefined && isRival) {
    const measure = async (load: LatencyLoad) => {
      const { recordsPerSecond, latencyMs } = await java.latency(load);
      assertRate(recordsPerSecond, load.ratePerSecond);
      return { produce: latencyMs };
    };
    runs.push({ id: "java", title: "Java", measure });
  }
  if (librdkafka === undefined) return runs;
  const withLinger = (lingerMs: number) => async (load: LatencyLoad) => {
    const result = await librdkafka.latency({ ...load, lingerMs });
    assertRate(result.recordsPerSecond, load.ratePerSecond);
    return { produce: result.acknowledgedMs, "end to end": result.endToEndMs };
  };
  runs.push({ id: "librdkafka", title: "librdkafka", measure: withLinger(DEFAULT_LINGER_MS) });
  if (isRival) {
    const measure = withLinger(0);
    runs.push({ id: "librdkafka-0", title: "librdkafka, linger.ms=0,", measure });
  }
  return runs;
}

async function measureRate(
  context: BenchContext,
  broker: MeasuredBroker,
  ratePerSecond: number,
): Promise<void> {
  const { options, log } = context;
  const rate = `${ratePerSecond / 1000} k/s`;
  for (const { id, title, measure } of latencyRuns(context, broker)) {
    await log.attempt(`${broker.name}, ${title} latency at ${rate}`, async () => {
      const topic = topicName();
      await withWireClient(broker.port, (admin) => admin.createTopic(topic, LATENCY_PARTITIONS));
      await settleDisk();
      const measured = await measure({
        bootstrap: broker.bootstrap,
        topic,
        partitions: LATENCY_PARTITIONS,
        recordBytes: LATENCY_RECORD_BYTES,
        ratePerSecond,
        seconds: options.latencySeconds,
      });
      for (const [what, { p50, p99, p999 }] of Object.entries(measured)) {
        for (const [name, value] of Object.entries({ p50, p99, "p99.9": p999 })) {
          const cell: Cell = {
            id: `latency/${id}/${what.replaceAll(" ", "-")}/${name}/${ratePerSecond}`,
            section: "latency",
            title: `${title} ${what} ${name}, ${rate}`,
            unit: "ms",
            better: "lower",
          };
          log.add(cell, broker.name, value);
        }
      }
      await withWireClient(broker.port, (admin) => admin.deleteTopic(topic));
    });
  }
}

function assertRate(actual: number, asked: number): void {
  if (actual < asked * RATE_SHARE_MIN) {
    throw new Error(
      `the client reached ${Math.round(actual)} of ${asked} records/s, so its latencies mean nothing`,
    );
  }
}
