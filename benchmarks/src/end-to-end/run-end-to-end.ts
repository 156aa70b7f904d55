import type { BenchContext } from "./bench-context.ts";
import { measureLatency } from "./latency.ts";
import { RunningBroker } from "./running-broker.ts";
import { measureThroughput, warmUp } from "./throughput.ts";
import { inTurn } from "./turns.ts";

/** Members that join wait for others by default, which is no part of what is measured and would take most of the run. */
export const END_TO_END_SETTINGS = { "group.initial.rebalance.delay.ms": "0" } as const;

/** All brokers run side by side for the whole part, warm, and are loaded one at a time. */
export async function runEndToEnd(context: BenchContext): Promise<void> {
  const { options, log } = context;
  await using brokers = new AsyncDisposableStack();
  const running: RunningBroker[] = [];
  for (const target of context.targets) {
    await log.attempt(`${target}, start`, async () => {
      const broker = await RunningBroker.prepare(context, target, "e2e", END_TO_END_SETTINGS);
      running.push(brokers.use(broker));
      await broker.broker();
    });
  }
  await warmUp(context, running);
  for (let round = 0; round < options.rounds; round++) {
    const parts = [measureThroughput, measureLatency];
    // A last round that is short of time lacks the end of the other part than the first.
    for (const part of inTurn(parts, round)) await part(context, running, round);
  }
}
