import { Api } from "@ottla/protocol";
import { SeededRandom, testSeed } from "@ottla/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startOttla, type Ottla } from "../start-ottla.ts";
import { batchOf, createTopic, fetchFrom, produceTo, valuesOf } from "../test/requests.ts";
import { WireClient } from "../test/wire-client.ts";
import { RecordingLogger, attack, heldBytes, inParallel, type Reaction } from "./attack.ts";
import { frameOf, sampleRequest, servedVersions, withSize, type Known } from "./request-samples.ts";

const FRAMES = Number(process.env["OTTLA_FUZZ_FRAMES"] ?? 20_000);
/** Until every decoder has been compiled, every table of the broker has its usual size. */
const WARM_UP_FRAMES = 1_500;
const PARALLEL = 16;
/** A mutated frame may ask the broker to wait (a fetch, a join); then nobody else may be held up. */
const PATIENCE_MS = 250;
const MAX_HEAP_GROWTH_BYTES = 32 * 1024 * 1024;
/** A frame that is decoded blocks everybody: far above any honest one, far below what a client would notice. */
const MAX_STALL_MS = 3_000;

const logger = new RecordingLogger();
let ottla: Ottla;
let healthy: WireClient;
let known: Known;

beforeAll(async () => {
  // Topics that mutated names create would be counted as growth; creating is fuzzed by CreateTopics all the same.
  ottla = await startOttla({ logger, settings: { "auto.create.topics.enable": false } });
  healthy = await WireClient.connect(ottla.port);
  known = {
    topic: "fuzz",
    group: "fuzz-group",
    topicId: await createTopic(healthy, "fuzz", { numPartitions: 2 }),
  };
  await createTopic(healthy, "witness");
});

afterAll(async () => {
  await healthy[Symbol.asyncDispose]();
  await ottla.close();
});

/** Bits, bytes, lengths, cuts, insertions and doubled parts, anywhere behind the size; the header more often. */
function mutate(frame: Buffer, random: SeededRandom): Buffer {
  let mutated = Buffer.from(frame);
  for (let round = random.nextInt(4); round >= 0; round--) {
    const body = mutated.length - 4;
    if (body < 2) break;
    const at = 4 + random.nextInt(random.chance(0.1) ? Math.min(body, 14) : body);
    const kind = random.nextInt(7);
    if (kind === 0) mutated[at]! ^= 1 << random.nextInt(8);
    else if (kind === 1) mutated[at] = random.nextInt(256);
    else if (kind === 2) mutated[at] = random.pick([0, 1, 0x7f, 0x80, 0xfe, 0xff]);
    else if (kind === 3) mutated = mutated.subarray(0, at);
    else if (kind === 4)
      mutated = Buffer.concat([
        mutated.subarray(0, at),
        random.bytes(1 + random.nextInt(8)),
        mutated.subarray(at),
      ]);
    else if (kind === 5) mutated = Buffer.concat([mutated, mutated.subarray(at)]);
    else if (at + 4 <= mutated.length)
      mutated.writeInt32BE(random.pick([-1, -2, 0x7fffffff, 0x00100000, 65_536]), at);
  }
  return withSize(mutated.length < 5 ? Buffer.concat([mutated, Buffer.alloc(2)]) : mutated);
}

/** CreateTopics and CreatePartitions are let through seldom: each success is real work that lasts. */
function* mutatedFrames(random: SeededRandom, count: number): Generator<Buffer> {
  const served = servedVersions();
  for (let i = 0; i < count; i++) {
    const where = served[i % served.length]!;
    const creates =
      where.api.key === Api.CreateTopics.key || where.api.key === Api.CreatePartitions.key;
    const destroys = where.api.key === Api.DeleteTopics.key;
    const fill = (path: string): unknown => {
      if (creates && path === "validateOnly") return true;
      return destroys && path.endsWith("topicId") ? "AAAAAAAAAAAAAAAAAAAAAQ" : undefined;
    };
    yield mutate(frameOf(where, sampleRequest(where, known, random, fill)), random);
  }
}

test(
  `the broker takes ${FRAMES} mutated frames of every API and version, serves on and holds no more than before`,
  { timeout: 60_000 + FRAMES * 5 },
  async () => {
    const seed = testSeed();
    console.log(`decoder fuzz: OTTLA_SEED=${seed} OTTLA_FUZZ_FRAMES=${FRAMES}`);
    const random = new SeededRandom(seed);
    const reactions: Record<Reaction, number> = { answered: 0, closed: 0, silent: 0 };
    const run = (count: number) =>
      inParallel(mutatedFrames(random, count), PARALLEL, async (frame) => {
        reactions[await attack(ottla.port, frame, PATIENCE_MS)]++;
      });
    await run(WARM_UP_FRAMES);
    const before = heldBytes();
    let stalledMs = 0;
    let ticked = performance.now();
    const ticker = setInterval(() => {
      const now = performance.now();
      stalledMs = Math.max(stalledMs, now - ticked - 10);
      ticked = now;
    }, 10);
    await run(FRAMES);
    clearInterval(ticker);
    expect(
      (
        await healthy.send(Api.ApiVersions, 4, {
          clientSoftwareName: "healthy",
          clientSoftwareVersion: "1",
        })
      ).errorCode,
    ).toBe(0);
    expect((await produceTo(healthy, { topic: "witness" }, batchOf(["alive"]))).errorCode).toBe(0);
    expect(valuesOf(await fetchFrom(healthy, "witness", 0))).toEqual(["0:alive"]);
    const after = heldBytes();
    const growth = after.heap - before.heap;
    console.log(
      `reactions ${JSON.stringify(reactions)}, longest stall ${Math.round(stalledMs)} ms, heap growth ${Math.round(growth / 1024)} KiB`,
    );
    expect(logger.errors).toEqual([]);
    // Most frames are refused by the decoder, many pass it: both must be there, or the fuzz tests nothing.
    expect(reactions.answered).toBeGreaterThan(FRAMES / 20);
    expect(reactions.closed).toBeGreaterThan(FRAMES / 20);
    expect(reactions.silent).toBeLessThan(FRAMES / 5);
    expect(growth).toBeLessThan(MAX_HEAP_GROWTH_BYTES);
    expect(stalledMs).toBeLessThan(MAX_STALL_MS);
  },
);
