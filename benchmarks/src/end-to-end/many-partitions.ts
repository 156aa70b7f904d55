import type { MeasuredBroker, PreparedBroker } from "../brokers/broker.ts";
import { prepareTarget } from "../brokers/prepare-target.ts";
import { untilServed, WireClient, withWireClient } from "../clients/wire-client.ts";
import { processUsage } from "../machine/process-usage.ts";
import { settleDisk } from "../machine/settle-disk.ts";
import { formatNumber } from "../results/number-format.ts";
import type { BenchContext } from "./bench-context.ts";

const START_TIMEOUT_MS = 90_000;
const TOPIC = "many";

/** Large batches fill a log fast; below the default of `message.max.bytes`. */
const BATCH_BYTES_MAX = 1_000_000;
const RECORD_BYTES = 1000;

/** Partitions that are asked, spread over the topic: the first may be served long before the last. */
const PROBES = 16;

/** Fills many partitions, kills the broker, starts it, stops it, and starts it again. */
export async function measureManyPartitions(context: BenchContext): Promise<void> {
  const { options, wireLoad } = context;
  if (wireLoad === undefined) throw new Error("needs the load generator in C");
  const { partitions, logBytes } = options.manyPartitions;
  const prepared = await prepareTarget(context, "ottla", "many-partitions");
  const filled = prepared.spawn();
  let filledAt: string;
  try {
    await untilServed(START_TIMEOUT_MS, () =>
      withWireClient(prepared.port, (client) => client.createTopic(TOPIC, partitions)),
    );
    const perPartition = Math.floor(logBytes / partitions / RECORD_BYTES) * RECORD_BYTES;
    const batchBytes = Math.min(BATCH_BYTES_MAX, Math.max(RECORD_BYTES, perPartition));
    const { megabytesPerSecond } = await wireLoad.produce({
      port: prepared.port,
      topics: [
        {
          name: TOPIC,
          partitions,
          recordBytes: RECORD_BYTES,
          recordsPerBatch: batchBytes / RECORD_BYTES,
        },
      ],
      connections: 4,
      active: 4,
      depth: 4,
      warmUpSeconds: 0,
      seconds: 600,
      requests: Math.max(partitions, Math.ceil(logBytes / batchBytes)),
    });
    filledAt = `filled with ${formatNumber(megabytesPerSecond)} MB/s`;
  } catch (error) {
    await filled.stop();
    throw error;
  }
  await filled.kill();
  await measureStartOf(context, prepared, {
    id: "killed",
    title: `after kill -9 with ${logBytes / 1e9} GB`,
    note: filledAt,
  });
  await measureStartOf(context, prepared, { id: "clean", title: "after a clean stop" });
}

interface MeasuredStart {
  readonly id: string;
  readonly title: string;
  readonly note?: string;
}

async function measureStartOf(
  { log, options }: BenchContext,
  prepared: PreparedBroker,
  { id, title, note }: MeasuredStart,
): Promise<void> {
  const { partitions } = options.manyPartitions;
  const name = `${count(partitions)} partitions, ${title}`;
  const section = "start";
  await settleDisk();
  const startedAt = performance.now();
  const broker: MeasuredBroker = prepared.spawn();
  try {
    const client = await untilServed(
      START_TIMEOUT_MS,
      () => WireClient.connect(prepared.port),
      () => broker.isRunning,
    );
    const probe = async (partition: number): Promise<number> => {
      await untilServed(START_TIMEOUT_MS, () => client.produceOne(TOPIC, partition));
      return (performance.now() - startedAt) / 1000;
    };
    const base = { section, unit: "s", better: "lower" } as const;
    const first = {
      ...base,
      id: `start/many/${partitions}/${id}/first`,
      title: `first acknowledged record, ${name}`,
    };
    log.add(first, "ottla", await probe(0), note);
    let last = 0;
    for (let index = 1; index < PROBES; index++) {
      last = await probe(Math.floor((index * (partitions - 1)) / (PROBES - 1)));
    }
    const all = {
      ...base,
      id: `start/many/${partitions}/${id}/all`,
      title: `records in ${PROBES} partitions, ${name}`,
    };
    log.add(all, "ottla", last);
    client.close();
    const memory = {
      id: `memory/many/${partitions}/${id}`,
      section: "memory",
      title: name,
      unit: "MB",
    } as const;
    log.add({ ...memory, better: "lower" }, "ottla", processUsage(broker.pid).residentBytes / 1e6);
  } finally {
    await broker.stop();
  }
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
