// Idempotent production through a kill -9 of the broker: three partitions are written without a pause, the
// broker dies in the middle, and afterwards every acknowledged record stands there once and in order.
import assert from "node:assert/strict";
import { check, killBroker, until } from "./suite.ts";

export interface IdempotenceExercise {
  readonly partitionCount: number;
  /** Sends one record and resolves when it is acknowledged; retries are the client's own. */
  readonly send: (partition: number, value: string) => Promise<void>;
  /** For clients that show no acknowledgements: whether records have reached the broker. */
  readonly isUnderWay?: () => Promise<boolean>;
  /** Resolves when nothing sent is outstanding any more. */
  readonly flush?: () => Promise<void>;
  /** All values of the topic from the beginning, by partition, in offset order. */
  readonly readAll: () => Promise<Map<number, string[]>>;
}

const ACKNOWLEDGED_BEFORE_KILL = 150;
const ACKNOWLEDGED_AFTER_KILL = 150;

async function writeThroughKill(exercise: IdempotenceExercise): Promise<Map<number, string[]>> {
  const acknowledged = new Map<number, string[]>();
  let total = 0;
  let enough = Number.POSITIVE_INFINITY;
  let failure: unknown;
  const writer = async (partition: number) => {
    const mine: string[] = [];
    acknowledged.set(partition, mine);
    for (let sequence = 0; total < enough; sequence += 1) {
      const value = `${partition}:${sequence}`;
      await exercise.send(partition, value);
      mine.push(value);
      total += 1;
    }
  };
  const writers = Array.from({ length: exercise.partitionCount }, (_, partition) =>
    writer(partition).catch((error: unknown) => {
      failure ??= error;
    }),
  );
  const isUnderWay = exercise.isUnderWay ?? (() => true);
  await until(
    "the first acknowledgements",
    async () =>
      failure !== undefined || (total >= ACKNOWLEDGED_BEFORE_KILL && (await isUnderWay())),
  );
  await killBroker();
  enough = total + ACKNOWLEDGED_AFTER_KILL;
  await Promise.all(writers);
  await exercise.flush?.();
  if (failure !== undefined) {
    throw failure;
  }
  return acknowledged;
}

export async function runIdempotenceExercise(exercise: IdempotenceExercise): Promise<void> {
  let acknowledged: Map<number, string[]> | undefined;
  await check("an idempotent producer goes on over a kill -9 of the broker", async () => {
    acknowledged = await writeThroughKill(exercise);
  });
  await check("every acknowledged record is there exactly once and in order", async () => {
    assert.ok(acknowledged !== undefined, "nothing was written");
    const stored = await exercise.readAll();
    for (const [partition, values] of acknowledged) {
      assert.deepEqual(stored.get(partition) ?? [], values, `partition ${partition}`);
    }
  });
}
