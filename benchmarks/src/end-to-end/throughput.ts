import type { MeasuredBroker } from "../brokers/broker.ts";
import type { LoadResult, ProduceLoad } from "../clients/load.ts";
import { withWireClient } from "../clients/wire-client.ts";
import { processUsage } from "../machine/process-usage.ts";
import { settleDisk } from "../machine/settle-disk.ts";
import { recordsOf, type ClientName } from "../options.ts";
import type { Cell } from "../results/measurement-log.ts";
import type { BenchContext } from "./bench-context.ts";
import { clientNames, topicName, workloadName } from "./names.ts";
import { inTurn } from "./turns.ts";

interface Workload {
  readonly client: ClientName;
  readonly recordBytes: number;
  readonly partitions: number;
}

/** Kafka with a sync for each batch is much slower; a quarter of the records still measures a steady rate. */
export const FSYNC_SHARE = 0.25;

/** Cells one after the other; within a cell the rounds, within a round the brokers in turn. */
export async function measureThroughput(
  context: BenchContext,
  brokers: readonly MeasuredBroker[],
): Promise<void> {
  const { options } = context;
  for (const recordBytes of options.recordSizes) {
    for (const partitions of options.partitionCounts) {
      for (const client of clientNames(context)) {
        const workload = { client, recordBytes, partitions };
        for (let round = 0; round < options.rounds; round++) {
          for (const broker of inTurn(brokers, round))
            await measureWorkload(context, broker, workload);
        }
      }
    }
  }
}

async function measureWorkload(
  context: BenchContext,
  broker: MeasuredBroker,
  workload: Workload,
): Promise<void> {
  const { recordBytes, partitions } = workload;
  const share = broker.name === "kafka-fsync" ? FSYNC_SHARE : 1;
  const records = Math.ceil(recordsOf(context.options, recordBytes) * share);
  const topic = topicName();
  const load = { bootstrap: broker.bootstrap, topic, partitions, records, recordBytes };
  await withWireClient(broker.port, (client) => client.createTopic(topic, partitions));
  try {
    await settleDisk();
    await measureLoad(context, broker, workload, "produce", load);
    await measureLoad(context, broker, workload, "consume", load);
  } catch (error) {
    context.log.addMissing(
      `${broker.name}, ${workloadName(workload.client, recordBytes, partitions)}`,
      error,
    );
  } finally {
    await withWireClient(broker.port, (client) => client.deleteTopic(topic));
  }
}

async function measureLoad(
  { java, librdkafka, log }: BenchContext,
  broker: MeasuredBroker,
  { client, recordBytes, partitions }: Workload,
  section: "produce" | "consume",
  load: ProduceLoad,
): Promise<void> {
  const generator = client === "java" ? java! : librdkafka!;
  const before = processUsage(broker.pid).cpuSeconds;
  const result: LoadResult = await generator[section](load);
  const cpuSeconds = processUsage(broker.pid).cpuSeconds - before;
  const name = workloadName(client, recordBytes, partitions);
  const id = `${client}/${recordBytes}/${partitions}`;
  const throughput: Cell = {
    id: `${section}/${id}`,
    section,
    title: name,
    unit: "MB/s",
    better: "higher",
  };
  log.add(throughput, broker.name, result.megabytesPerSecond);
  const gigabytes = (load.records * recordBytes) / 1e9;
  const cpu: Cell = {
    id: `cpu/${section}/${id}`,
    section: "cpu",
    title: `${section}: ${name}`,
    unit: "s/GB",
    better: "lower",
  };
  log.add(cpu, broker.name, cpuSeconds / gigabytes);
}

/** Compilers and page cache of every broker are warm before the first figure counts. */
export async function warmUp(
  context: BenchContext,
  brokers: readonly MeasuredBroker[],
): Promise<void> {
  const { java, librdkafka, options } = context;
  const recordBytes = 1024;
  for (const broker of brokers) {
    const topic = topicName();
    const records = Math.ceil(Math.min(recordsOf(options, recordBytes), 100_000) / 4);
    const load = { bootstrap: broker.bootstrap, topic, partitions: 4, records, recordBytes };
    await withWireClient(broker.port, (client) => client.createTopic(topic, load.partitions));
    for (const generator of [java, librdkafka]) {
      await generator?.produce(load);
      await generator?.consume(load);
    }
    await withWireClient(broker.port, (client) => client.deleteTopic(topic));
  }
}
