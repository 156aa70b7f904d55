import { setTimeout as sleep } from "node:timers/promises";
import type { MeasuredBroker } from "../brokers/broker.ts";
import { withWireClient } from "../clients/wire-client.ts";
import type { WireLoad } from "./wire-load.ts";

const TOPIC = { name: "warm-up", partitions: 4, recordBytes: 1000, recordsPerBatch: 16 };

/** A broker that said a topic exists may still be about to open its last partitions. */
export const SETTLE_MS = 300;

const STEP_SECONDS = 1.5;
const STEPS_MAX = 8;
/** A step that is not better than the best by this much says that the compiler is done. */
const GAIN_MIN = 1.1;

/**
 * Loads a broker until it gets no faster. A Java virtual machine needs several seconds of load for that, and would
 * be measured compiling otherwise; a fixed time would favour one side or the other.
 */
export async function warmBroker(broker: MeasuredBroker, wireLoad: WireLoad): Promise<void> {
  await withWireClient(broker.port, (admin) => admin.createTopic(TOPIC.name, TOPIC.partitions));
  await sleep(SETTLE_MS);
  const load = { port: broker.port, topics: [TOPIC], connections: 4, active: 4, depth: 16 };
  let best = 0;
  for (let step = 0; step < STEPS_MAX; step++) {
    const run = { ...load, warmUpSeconds: 0, seconds: STEP_SECONDS };
    const { megabytesPerSecond } = await wireLoad.produce(run);
    // The first step says little: it had the start as well.
    if (step > 1 && megabytesPerSecond < best * GAIN_MIN) break;
    best = Math.max(best, megabytesPerSecond);
  }
  await withWireClient(broker.port, (admin) => admin.deleteTopic(TOPIC.name));
}
