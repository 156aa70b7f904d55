import { setTimeout as sleep } from "node:timers/promises";
import type { MeasuredBroker } from "../brokers/broker.ts";
import { untilServed, withWireClient } from "../clients/wire-client.ts";
import type { BenchContext } from "../end-to-end/bench-context.ts";
import { RunningBroker } from "../end-to-end/running-broker.ts";
import { processUsage } from "../machine/process-usage.ts";
import { settleDisk } from "../machine/settle-disk.ts";
import { SETTLE_MS, warmBroker } from "../native/warm-broker.ts";
import type { WireLoad } from "../native/wire-load.ts";
import { DIMENSIONS, type Dimension } from "../plans.ts";
import type { Cell } from "../results/measurement-log.ts";
import type { TargetName } from "../results/measurement.ts";
import { quantile } from "../statistics/summary.ts";
import {
  LARGE_SEGMENT_SETTINGS,
  pointTitle,
  scaleLoad,
  SMALL_SEGMENT,
  type ScaleLoad,
} from "./dimensions.ts";

const TARGETS = ["ottla", "kafka"] as const;
const READY_TIMEOUT_MS = 60_000;

/** Room for a record of 1 MiB with its batch. */
const SETTINGS = { "message.max.bytes": String(2 ** 21) } as const;

const WARM_UP_SECONDS = 0.5;
const FETCHES = 300;
const FETCH_BYTES = 16 * 1024;

interface Point {
  readonly dimension: Dimension;
  readonly x: number;
}

/**
 * Each curve from its least point to its greatest. Partitions and topics stay with their broker, so each of those
 * points has a broker of its own; along other dimensions one broker serves all, and its memory is what it takes
 * to have come that far.
 */
export async function measureScale(context: BenchContext): Promise<void> {
  const { options, log, wireLoad } = context;
  if (wireLoad === undefined) throw new Error("needs the load generator in C");
  for (const dimension of DIMENSIONS.filter((name) => options.dimensions.has(name))) {
    for (const target of TARGETS.filter((name) => context.targets.includes(name))) {
      const points = options.scale[dimension][target];
      const isFresh = dimension === "partitions" || dimension === "topics";
      for (const group of isFresh ? points.map((x) => [x]) : [points]) {
        if (group.length === 0) continue;
        const curve: Curve = { context, target, wireLoad, dimension };
        await log.attempt(`${target}, ${dimension}`, () => measurePoints(curve, group));
      }
    }
  }
}

interface Curve {
  readonly context: BenchContext;
  readonly target: TargetName;
  readonly wireLoad: WireLoad;
  readonly dimension: Dimension;
}

/** On one broker. */
async function measurePoints(curve: Curve, points: readonly number[]): Promise<void> {
  const { context, target, wireLoad, dimension } = curve;
  const part = `scale-${dimension}-${points[0]}`;
  await using running = await RunningBroker.prepare(context, target, part, SETTINGS);
  await warmBroker(await running.broker(), wireLoad);
  for (const x of points) {
    await context.log.attempt(`${target}, ${pointTitle(dimension, x)}`, async () =>
      measurePoint(context, await running.broker(), wireLoad, { dimension, x }),
    );
  }
}

async function measurePoint(
  context: BenchContext,
  broker: MeasuredBroker,
  wireLoad: WireLoad,
  point: Point,
): Promise<void> {
  const { dimension, x } = point;
  const load = scaleLoad(dimension, x, `${dimension}-${x}`);
  const names = load.topics.map(({ name }) => name);
  const { partitions } = load.topics[0]!;
  const settings = dimension === "segments" ? SMALL_SEGMENT.settings : {};
  const startedAt = performance.now();
  await withWireClient(broker.port, async (client) => {
    await client.createTopics(names, partitions, settings);
    for (const name of [names[0]!, names.at(-1)!])
      await untilServed(READY_TIMEOUT_MS, () => client.produceOne(name, partitions - 1));
  });
  const createdMs = performance.now() - startedAt;
  await sleep(SETTLE_MS);
  if (dimension === "segments") await fillSegments(broker, wireLoad, load);
  await settleDisk();
  const { topics, connections, active, depth } = load;
  const { megabytesPerSecond, latencyMs } = await wireLoad.produce({
    port: broker.port,
    topics,
    connections,
    active,
    depth,
    warmUpSeconds: WARM_UP_SECONDS,
    seconds: context.options.scaleSeconds,
  });
  const { residentBytes } = processUsage(broker.pid);
  add(context, broker, point, "throughput", "MB/s", megabytesPerSecond);
  add(context, broker, point, "p99 of produce", "ms", latencyMs.p99);
  add(context, broker, point, "resident memory", "MB", residentBytes / 1e6);
  if (dimension === "segments") await measureFetches(context, broker, point, load);
  if (dimension === "partitions" || dimension === "topics")
    add(context, broker, point, "creating them", "ms", createdMs);
}

async function fillSegments(
  { port }: MeasuredBroker,
  wireLoad: WireLoad,
  { topics, smallSegments }: ScaleLoad,
): Promise<void> {
  const topic = topics[0]!;
  if (smallSegments > 0) {
    const { recordBytes, recordsPerBatch, batches } = SMALL_SEGMENT;
    await wireLoad.produce({
      port,
      topics: [{ ...topic, recordBytes, recordsPerBatch }],
      connections: 1,
      active: 1,
      depth: 64,
      warmUpSeconds: 0,
      seconds: 600,
      requests: smallSegments * batches,
    });
  }
  await withWireClient(port, (client) => client.alterTopic(topic.name, LARGE_SEGMENT_SETTINGS));
}

/** Small reads anywhere in the log, one after the other: finding the segment is what they cost. */
async function measureFetches(
  context: BenchContext,
  broker: MeasuredBroker,
  point: Point,
  { topics, smallSegments }: ScaleLoad,
): Promise<void> {
  const { name } = topics[0]!;
  const records = Math.max(
    1,
    smallSegments * SMALL_SEGMENT.batches * SMALL_SEGMENT.recordsPerBatch,
  );
  const times: number[] = [];
  await withWireClient(broker.port, async (client) => {
    for (let fetch = 0; fetch < FETCHES; fetch++) {
      // A fixed walk over the log, the same for every broker, that does not follow its order.
      const offset = Math.floor(((fetch * 0.618_033_988_7) % 1) * records);
      const startedAt = performance.now();
      await client.fetch(name, 0, offset, FETCH_BYTES);
      times.push(performance.now() - startedAt);
    }
  });
  add(context, broker, point, "p99 of a small fetch", "ms", quantile(times, 0.99));
}

function add(
  { log }: BenchContext,
  broker: MeasuredBroker,
  { dimension, x }: Point,
  figure: string,
  unit: "MB/s" | "ms" | "MB",
  value: number,
): void {
  const cell: Cell = {
    id: `scale/${dimension}/${x}/${figure.replaceAll(" ", "-")}`,
    section: "scale",
    title: `${figure}, ${pointTitle(dimension, x)}`,
    unit,
    better: unit === "MB/s" ? "higher" : "lower",
    point: { dimension, x, figure },
  };
  log.add(cell, broker.name, value);
}
