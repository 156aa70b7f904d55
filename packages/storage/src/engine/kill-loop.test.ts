import { iterateBatches, iterateRecords } from "@ottla/protocol";
import { SeededRandom, testSeed } from "@ottla/testkit";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { EngineFixture, readAll, type TestedEngine } from "../../test-support/engine-fixture.ts";

const KILLS = 25;
/** Lives that run side by side, each on its own directory: most of a life is the start of a process. */
const LANES = 2;
const PRODUCERS = 4;
const PARTITIONS = 3;
const RECORDS_PER_BATCH = 2;
const RUN_MS_MAX = 120;
const writer = fileURLToPath(new URL("../../test-support/kill-loop-writer.ts", import.meta.url));

interface Lane {
  readonly fixture: EngineFixture;
  /** Base offset of every acknowledged batch, by producer. */
  readonly acknowledged: number[][];
  kills: number;
}

describe("kill -9 at random moments", () => {
  const lanes: Lane[] = Array.from({ length: LANES }, () => ({
    fixture: new EngineFixture("LocalEngine"),
    acknowledged: Array.from({ length: PRODUCERS }, () => []),
    kills: 0,
  }));

  afterAll(async () => {
    for (const { fixture } of lanes) await fixture.dispose();
  });

  it(`loses, repeats and reorders nothing over ${KILLS} kills`, async () => {
    const seed = testSeed();
    process.stdout.write(`kill loop: replay with OTTLA_SEED=${seed}\n`);
    const random = new SeededRandom(seed);
    let started = 0;
    const run = async (lane: Lane): Promise<void> => {
      while (started < KILLS) {
        started += 1;
        await liveAndDie(lane, started, random.nextInt(RUN_MS_MAX));
      }
    };
    await Promise.all(lanes.map(run));
    expect(lanes.reduce((total, { kills }) => total + kills, 0)).toBe(KILLS);
    for (const lane of lanes) await verify(lane);
  }, 180_000);
});

/** One life: runs until some milliseconds after its first acknowledgement, then dies without warning. */
async function liveAndDie(lane: Lane, life: number, runMs: number): Promise<void> {
  const orders = {
    directory: lane.fixture.directory,
    acknowledged: lane.acknowledged.map(({ length }) => length),
    life,
  };
  const child = spawn(
    process.execPath,
    ["--conditions=@ottla/source", writer, JSON.stringify(orders)],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let output = "";
  let complaints = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (output === "") setTimeout(() => child.kill("SIGKILL"), runMs);
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => (complaints += text));
  const [, signal] = (await once(child, "close")) as [number | null, string | null];
  expect({ signal, complaints: signal === "SIGKILL" ? "" : complaints }).toEqual({
    signal: "SIGKILL",
    complaints: "",
  });
  lane.kills += 1;
  // A line that the kill cut short was an acknowledgement that nobody heard.
  const lines = output.split("\n").slice(0, -1);
  for (const line of lines) {
    const [producer = -1, batch = -1, baseOffset = -1] = line.split(" ").map(Number);
    const acknowledged = lane.acknowledged[producer];
    expect(
      acknowledged?.length,
      `life ${life}: acknowledgements of producer ${producer} come in order`,
    ).toBe(batch);
    acknowledged?.push(baseOffset);
  }
}

async function verify({ fixture, acknowledged }: Lane): Promise<void> {
  const engine = await fixture.open();
  const values = await valuesByPartition(engine);
  for (const [producer, offsets] of acknowledged.entries()) {
    const stored = values[producer % PARTITIONS];
    for (const [batch, baseOffset] of offsets.entries()) {
      for (let index = 0; index < RECORDS_PER_BATCH; index += 1) {
        expect(stored?.[baseOffset + index]).toBe(
          `${producer}:${batch * RECORDS_PER_BATCH + index}`,
        );
      }
    }
    const own = (stored ?? []).filter((value) => value.startsWith(`${producer}:`));
    // In order, each once, without a gap: what was written but never acknowledged included.
    expect(own).toEqual(Array.from({ length: own.length }, (_, index) => `${producer}:${index}`));
    expect(offsets.length).toBeGreaterThan(0);
  }
}

async function valuesByPartition(engine: TestedEngine): Promise<string[][]> {
  const values: string[][] = [];
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    const log = engine.partition("orders", partition);
    if (log === undefined) throw new Error(`partition ${partition} is gone`);
    const records = [...iterateBatches(await readAll(log))].flatMap((view) => [
      ...iterateRecords(view, { maxDecompressedBytes: 1_000_000 }),
    ]);
    expect(records.map(({ offset }) => offset)).toEqual(
      Array.from({ length: log.logEndOffset }, (_, index) => index),
    );
    values.push(records.map(({ value }) => Buffer.from(value ?? []).toString()));
  }
  return values;
}
