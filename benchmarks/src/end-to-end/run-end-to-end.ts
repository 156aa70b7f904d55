import type { MeasuredBroker } from "../brokers/broker.ts";
import { prepareTarget } from "../brokers/prepare-target.ts";
import { untilServed, withWireClient } from "../clients/wire-client.ts";
import type { BenchContext } from "./bench-context.ts";
import { measureLatency } from "./latency.ts";
import { topicName } from "./names.ts";
import { measureThroughput, warmUp } from "./throughput.ts";

const START_TIMEOUT_MS = 60_000;

/** All brokers run side by side for the whole part, warm, and are loaded one at a time. */
export async function runEndToEnd(context: BenchContext): Promise<void> {
  const brokers: MeasuredBroker[] = [];
  try {
    for (const target of context.targets) {
      const broker = (await prepareTarget(context, target, "e2e")).spawn();
      brokers.push(broker);
      const topic = topicName();
      await untilServed(START_TIMEOUT_MS, () =>
        withWireClient(broker.port, async (client) => {
          await client.createTopic(topic, 1);
          await client.deleteTopic(topic);
        }),
      );
    }
    await warmUp(context, brokers);
    await measureThroughput(context, brokers);
    await measureLatency(context, brokers);
  } finally {
    for (const broker of brokers) await broker.stop();
  }
}
