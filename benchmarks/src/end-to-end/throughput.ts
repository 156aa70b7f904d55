import { availableParallelism } from "node:os";
import type { MeasuredBroker } from "../brokers/broker.ts";
import type { ClientUsage } from "../clients/client-process.ts";
import type { LoadResult, ProduceLoad } from "../clients/load.ts";
import { withWireClient } from "../clients/wire-client.ts";
import { syncedWriteRate, writePattern } from "../machine/cell-limits.ts";
import { processUsage } from "../machine/process-usage.ts";
import { settleDisk } from "../machine/settle-disk.ts";
import { warmBroker } from "../native/warm-broker.ts";
import { recordsOf, type ClientName } from "../options.ts";
import type { Cell } from "../results/measurement-log.ts";
import type { TargetName } from "../results/measurement.ts";
import type { BenchContext } from "./bench-context.ts";
import { clientNames, topicName, workloadName } from "./names.ts";
import type { RunningBroker } from "./running-broker.ts";
import { inTurn } from "./turns.ts";

interface Workload {
  readonly client: ClientName;
  readonly recordBytes: number;
  readonly partitions: number;
}

/** Kafka with a sync for each batch is much slower; a quarter of the records still measures a steady rate. */
export const FSYNC_SHARE = 0.25;

/** Syncing does not concern who reads, so the second Kafka is not asked again. */
const CONSUME_TARGETS: ReadonlySet<TargetName> = new Set(["ottla", "kafka"]);

/**
 * Round by round all cells, within a cell the brokers in turn: what changes on the machine with time falls on
 * all of them, and a run that is short of time has every cell once at least.
 */
export async function measureThroughput(
  context: BenchContext,
  brokers: readonly RunningBroker[],
  round: number,
): Promise<void> {
  const { options, log } = context;
  for (const recordBytes of options.recordSizes) {
    for (const partitions of options.partitionCounts) {
      for (const client of clientNames(context)) {
        if (!context.hasTime(round)) return;
        const workload = { client, recordBytes, partitions };
        for (const running of inTurn(brokers, round)) {
          const name = workloadName(client, recordBytes, partitions);
          await log.attempt(`${running.name}, ${name}`, async () =>
            measureWorkload(context, await running.broker(), workload),
          );
        }
        await log.attempt("limits of a cell", () => measureCellLimits(context, workload));
      }
    }
  }
}

async function measureWorkload(
  context: BenchContext,
  broker: MeasuredBroker,
  workload: Workload,
): Promise<void> {
  const { client, recordBytes, partitions } = workload;
  const share = broker.name === "kafka-fsync" ? FSYNC_SHARE : 1;
  const records = Math.ceil(recordsOf(context.options, recordBytes, client) * share);
  const topic = topicName();
  const load = { bootstrap: broker.bootstrap, topic, partitions, records, recordBytes };
  await withWireClient(broker.port, (admin) => admin.createTopic(topic, partitions));
  try {
    await settleDisk();
    await measureLoad(context, broker, workload, "produce", load);
    if (!CONSUME_TARGETS.has(broker.name)) return;
    await settleDisk();
    await measureLoad(context, broker, workload, "consume", load);
  } finally {
    if (broker.isRunning) await withWireClient(broker.port, (admin) => admin.deleteTopic(topic));
  }
}

function throughputCell(section: "produce" | "consume", workload: Workload): Cell {
  const { client, recordBytes, partitions } = workload;
  return {
    id: `${section}/${client}/${recordBytes}/${partitions}`,
    section,
    title: workloadName(client, recordBytes, partitions),
    unit: "MB/s",
    better: "higher",
  };
}

async function measureLoad(
  context: BenchContext,
  broker: MeasuredBroker,
  workload: Workload,
  section: "produce" | "consume",
  load: ProduceLoad,
): Promise<void> {
  const { java, librdkafka, log } = context;
  const generator = workload.client === "java" ? java! : librdkafka!;
  const before = processUsage(broker.pid).cpuSeconds;
  const result: LoadResult = await generator[section](load);
  const cpuSeconds = processUsage(broker.pid).cpuSeconds - before;
  const throughput = throughputCell(section, workload);
  log.add(throughput, broker.name, result.megabytesPerSecond);
  addUsage(context, throughput, broker.name, result.usage);
  const cpu: Cell = {
    id: `cpu/${throughput.id}`,
    section: "cpu",
    title: `${section}: ${throughput.title}`,
    unit: "s/GB",
    better: "lower",
  };
  log.add(cpu, broker.name, cpuSeconds / ((load.records * load.recordBytes) / 1e9));
}

/** Where the client keeps the processors busy, a ratio of brokers is a ratio of clients: a reader must see that. */
function addUsage(
  { log }: BenchContext,
  cell: Cell,
  target: TargetName,
  usage: ClientUsage | undefined,
): void {
  if (usage === undefined || target === "kafka-fsync") return;
  if (target === "ottla") log.addColumn(cell, "processors", "processors", availableParallelism());
  log.addColumn(cell, `client with ${target}`, "processors", usage.clientCores);
  log.addColumn(cell, `all with ${target}`, "processors", usage.busyCores);
}

/** What the machine can do with the same bytes in the same portions, in the same round. */
async function measureCellLimits(context: BenchContext, workload: Workload): Promise<void> {
  const { log, options, directory, wireLoad } = context;
  const { client, recordBytes, partitions } = workload;
  const bytes = recordsOf(options, recordBytes, client) * recordBytes;
  const pattern = writePattern(client, recordBytes, partitions);
  const produce = throughputCell("produce", workload);
  await settleDisk();
  const disk = syncedWriteRate(directory, pattern, bytes);
  log.addColumn(produce, "write + fdatasync", "MB/s", disk);
  if (wireLoad === undefined) return;
  const loopback = await wireLoad.loopback(bytes, pattern.batchBytes);
  log.addColumn(produce, "loopback", "MB/s", loopback);
  const consume = throughputCell("consume", workload);
  log.addColumn(consume, "loopback", "MB/s", loopback);
  addShare(context, produce, Math.min(disk, loopback));
  addShare(context, consume, loopback);
}

function addShare({ log }: BenchContext, cell: Cell, limit: number): void {
  const ours = log.median(cell.id, "ottla");
  if (ours !== undefined) log.addColumn(cell, "share of the limit", "%", (100 * ours) / limit);
}

/** Compilers and page cache of every broker are warm before the first figure counts. */
export async function warmUp(
  context: BenchContext,
  brokers: readonly RunningBroker[],
): Promise<void> {
  const { java, librdkafka, wireLoad, options, log } = context;
  const recordBytes = 1024;
  const records = Math.ceil(Math.min(recordsOf(options, recordBytes, "java"), 100_000) / 4);
  for (const running of brokers) {
    await log.attempt(`${running.name}, warm-up`, async () => {
      const broker = await running.broker();
      if (wireLoad !== undefined) await warmBroker(broker, wireLoad);
      const topic = topicName();
      const load = { bootstrap: broker.bootstrap, topic, partitions: 4, records, recordBytes };
      await withWireClient(broker.port, (client) => client.createTopic(topic, load.partitions));
      for (const generator of [java, librdkafka]) {
        await generator?.produce(load);
        await generator?.consume(load);
      }
      await withWireClient(broker.port, (client) => client.deleteTopic(topic));
    });
  }
}
