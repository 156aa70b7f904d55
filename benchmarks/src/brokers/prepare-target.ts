import path from "node:path";
import type { BenchContext } from "../end-to-end/bench-context.ts";
import type { TargetName } from "../results/measurement.ts";
import type { PreparedBroker } from "./broker.ts";
import { prepareKafka } from "./kafka-broker.ts";
import { prepareOttla } from "./ottla-broker.ts";

/** An acknowledged record is on the disk, as with Ottla's default. */
export const KAFKA_FSYNC = { "log.flush.interval.messages": "1" } as const;

/** `name` distinguishes the directories of one run; `extra` are settings that every broker gets. */
export function prepareTarget(
  context: BenchContext,
  target: TargetName,
  name: string,
  extra: Readonly<Record<string, string>> = {},
): Promise<PreparedBroker> {
  const directory = path.join(context.directory, `${name}-${target}`);
  const { jars, options } = context;
  if (target === "ottla") {
    const settings = Object.entries(extra).map(([key, value]) => `${key}=${value}`);
    return prepareOttla(directory, options.program, [...settings, ...options.ottlaOverrides]);
  }
  if (jars === undefined) throw new Error("Apache Kafka is not available");
  const overrides = { ...extra, ...(target === "kafka-fsync" && KAFKA_FSYNC) };
  return prepareKafka({ name: target, directory, jars, overrides });
}
