/**
 * What a request that has to wait costs apart from the waiting: a purgatory with 1,000 partitions watched, and
 * a bounded queue. Alone: `node --conditions=@ottla/source benchmarks/src/runtime/waiting.bench.ts`
 */
import { BoundedQueue, Purgatory, SystemClock } from "@ottla/runtime";
import { Bench } from "tinybench";

const PARTITIONS = 1000;
const WAIT_MS = 60_000;

/** Adds the tasks of this file; their names are stable, because results are compared by them. */
export function addWaitingBenchmarks(bench: Bench): void {
  const clock = new SystemClock();
  const keys = Array.from({ length: PARTITIONS }, (_, index) => `orders-${index}`);
  const purgatory = new Purgatory(clock);
  let turn = 0;
  bench.add("purgatory: one operation waits for 1 key and is woken", () => {
    const key = keys[turn++ % PARTITIONS]!;
    let isReady = false;
    let ended = 0;
    purgatory.completeOrWatch(
      { canComplete: () => isReady, onEnd: () => ended++ },
      { keys: [key], timeoutMs: WAIT_MS },
    );
    isReady = true;
    if (purgatory.notify(key) !== 1 || ended !== 1) throw new Error("the operation was not woken");
  });
  bench.add("purgatory: 100 events that nobody waits for", () => {
    for (let event = 0; event < 100; event++) purgatory.notify(keys[turn++ % PARTITIONS]!);
  });
  const queue = new BoundedQueue<number>(PARTITIONS);
  bench.add("bounded queue: 100 in, 100 out", () => {
    for (let item = 0; item < 100; item++) queue.offer(item);
    for (let item = 0; item < 100; item++) {
      if (queue.take() !== item) throw new Error("the queue lost its order");
    }
  });
}

if (import.meta.main) {
  const bench = new Bench({ name: "waiting", time: 300, warmupTime: 100 });
  addWaitingBenchmarks(bench);
  await bench.run();
  console.table(bench.table());
}
