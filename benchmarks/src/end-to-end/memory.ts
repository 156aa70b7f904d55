import { setTimeout as sleep } from "node:timers/promises";
import type { MeasuredBroker } from "../brokers/broker.ts";
import { prepareTarget } from "../brokers/prepare-target.ts";
import { untilServed, withWireClient } from "../clients/wire-client.ts";
import { processUsage } from "../machine/process-usage.ts";
import { recordsOf } from "../options.ts";
import type { TargetName } from "../results/measurement.ts";
import type { BenchContext } from "./bench-context.ts";
import { topicName } from "./names.ts";
import { inTurn } from "./turns.ts";

const START_TIMEOUT_MS = 60_000;

/** After this time a broker that nobody uses has finished what follows its start. */
export const IDLE_MS = 5_000;

export const MEMORY_RECORD_BYTES = 1024;
export const MEMORY_PARTITIONS = 16;

const MEMORY_TARGETS: readonly TargetName[] = ["ottla", "kafka"];

/** A fresh process for each round: memory depends on everything that a broker did before. */
export async function measureMemory(context: BenchContext): Promise<void> {
  const targets = MEMORY_TARGETS.filter((target) => context.targets.includes(target));
  const { rounds, memoryRounds } = context.options;
  for (let round = 0; round < Math.min(rounds, memoryRounds); round++) {
    for (const target of inTurn(targets, round)) {
      const prepared = await prepareTarget(context, target, `memory-${round}`);
      const broker = prepared.spawn();
      try {
        const topic = topicName();
        await untilServed(START_TIMEOUT_MS, () =>
          withWireClient(broker.port, (client) => client.createTopic(topic, MEMORY_PARTITIONS)),
        );
        await measureBroker(context, broker, topic);
      } catch (error) {
        context.log.addMissing(`${target}, memory`, error);
      } finally {
        await broker.stop();
      }
    }
  }
}

async function measureBroker(
  context: BenchContext,
  broker: MeasuredBroker,
  topic: string,
): Promise<void> {
  const { options, log, java, librdkafka } = context;
  const add = (id: string, title: string, bytes: number): void =>
    log.add(
      { id: `memory/${id}`, section: "memory", title, unit: "MB", better: "lower" },
      broker.name,
      bytes / 1e6,
    );
  await sleep(IDLE_MS);
  add("idle", "idle", processUsage(broker.pid).residentBytes);
  const generator = librdkafka ?? java;
  if (generator === undefined) throw new Error("no client to make load with");
  const load = {
    bootstrap: broker.bootstrap,
    topic,
    partitions: MEMORY_PARTITIONS,
    records: recordsOf(
      options,
      MEMORY_RECORD_BYTES,
      librdkafka === undefined ? "java" : "librdkafka",
    ),
    recordBytes: MEMORY_RECORD_BYTES,
  };
  await generator.produce(load);
  add("produce", "most under produce load", processUsage(broker.pid).residentBytesMax);
  await generator.consume(load);
  add("consume", "most after consuming as well", processUsage(broker.pid).residentBytesMax);
}
