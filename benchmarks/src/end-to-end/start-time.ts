import type { PreparedBroker } from "../brokers/broker.ts";
import { prepareTarget } from "../brokers/prepare-target.ts";
import { untilServed, WireClient } from "../clients/wire-client.ts";
import { settleDisk } from "../machine/settle-disk.ts";
import type { TargetName } from "../results/measurement.ts";
import type { BenchContext } from "./bench-context.ts";
import { inTurn } from "./turns.ts";

const START_TIMEOUT_MS = 60_000;
const TOPIC = "first";

/** Syncing matters little to a start, so one Kafka is enough. */
const START_TARGETS: readonly TargetName[] = ["ottla", "kafka"];

/** From an empty directory, then again from a clean stop: process start to the first acknowledged record. */
export async function measureStart(context: BenchContext): Promise<void> {
  const targets = START_TARGETS.filter((target) => context.targets.includes(target));
  for (let round = 0; round < context.options.rounds; round++) {
    if (!context.hasTime(round)) return;
    for (const target of inTurn(targets, round)) {
      try {
        const prepared = await prepareTarget(context, target, `start-${round}`);
        await measureOne(context, prepared, "new", "empty directory");
        await measureOne(context, prepared, "again", "after a clean stop");
      } catch (error) {
        context.log.addMissing(`${target}, start`, error);
      }
    }
  }
}

async function measureOne(
  context: BenchContext,
  prepared: PreparedBroker,
  id: string,
  title: string,
): Promise<void> {
  await settleDisk();
  const startedAt = performance.now();
  const broker = prepared.spawn();
  try {
    const client = await untilServed(
      START_TIMEOUT_MS,
      () => WireClient.connect(prepared.port),
      () => broker.isRunning,
    );
    if (id === "new") await untilServed(START_TIMEOUT_MS, () => client.createTopic(TOPIC, 1));
    await untilServed(START_TIMEOUT_MS, () => client.produceOne(TOPIC));
    const seconds = (performance.now() - startedAt) / 1000;
    client.close();
    context.log.add(
      {
        id: `start/${id}`,
        section: "start",
        title: `first acknowledged record, ${title}`,
        unit: "s",
        better: "lower",
      },
      prepared.name,
      seconds,
    );
  } finally {
    await broker.stop();
  }
}
