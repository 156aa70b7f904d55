/** Starts and closes a broker in this process, and prints how long starting took. With a directory, or without in memory. */
import path from "node:path";
import { summarise } from "../statistics/summary.ts";
import type { InProcessTimes } from "./in-process-start.ts";

const LATER_STARTS = 5;

const importedAt = performance.now();
const { startOttla } = await import("@ottla/broker");
const importMs = performance.now() - importedAt;

const [directory] = process.argv.slice(2);

/** Each start has an empty directory of its own. */
async function start(index: number): Promise<number> {
  const startedAt = performance.now();
  const broker = await startOttla(
    directory === undefined ? {} : { directory: path.join(directory, String(index)) },
  );
  const elapsedMs = performance.now() - startedAt;
  await broker.close();
  return elapsedMs;
}

const times: number[] = [];
for (let index = 0; index <= LATER_STARTS; index++) times.push(await start(index));
const [firstMs = 0, ...later] = times;
const result: InProcessTimes = { importMs, firstMs, laterMs: summarise(later).median };
process.stdout.write(JSON.stringify(result));
