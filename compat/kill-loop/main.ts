// Promise P1 and P3 of a single broker: idempotent producers in every codec, a group and a plain reader run along
// while the broker is killed again and again; afterwards every record stands in the log once and in order.
import assert from "node:assert/strict";
import { Kafka, logLevel } from "kafkajs";
import {
  bootstrap,
  check,
  finish,
  killBroker,
  sleep,
  uniqueName,
  until,
} from "../kafkajs/exercise/suite.ts";
import { checkGroup, checkReader } from "./check-consumers.ts";
import { checkLog, type Violation } from "./check-log.ts";
import { parseMember, parseProducer, parseReader, type History } from "./history.ts";
import { WorkerProcess } from "./worker-process.ts";

const PARTITIONS = 6;
/** A producer for each, which is one more than the promise asks for. */
const CODECS = ["none", "gzip", "snappy", "lz4", "zstd"] as const;
const MEMBERS = ["one", "two"] as const;
/** A start of Apache Kafka takes ten times as long, and only what the suite itself assumes is shown there. */
const KILLS = Number(
  process.env["KILL_LOOP_KILLS"] ?? (process.env["OTTLA_COMPAT_TARGET"] === "kafka" ? 2 : 25),
);
/** After the broker serves again: from at once, in the middle of reconnecting, to well in the flow. */
const LONGEST_PAUSE_MS = 900;
const CATCH_UP_MS = 60_000;

const seed = Number(process.env["KILL_LOOP_SEED"] ?? Math.floor(Math.random() * 2 ** 31));

/** Mulberry32: the same seed gives the same moments. */
function randomFrom(start: number): () => number {
  let state = start >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Apache Kafka names the leaders a moment before it has opened the logs; a producer whose first batch is refused and
 * whose second is taken is out of order for ever there. So nothing is sent before every partition answers.
 */
async function createTopic(): Promise<string> {
  const topic = uniqueName("kill-loop", "records");
  const admin = new Kafka({
    clientId: "kill-loop",
    brokers: [bootstrap],
    logLevel: logLevel.NOTHING,
  }).admin();
  await admin.connect();
  await admin.createTopics({
    waitForLeaders: true,
    topics: [{ topic, numPartitions: PARTITIONS, replicationFactor: 1 }],
  });
  const answering = () =>
    admin.fetchTopicOffsets(topic).then(
      ({ length }) => length === PARTITIONS,
      () => false,
    );
  await until("an answer of every partition", answering);
  await admin.disconnect();
  return topic;
}

interface Workers {
  readonly producers: readonly WorkerProcess[];
  readonly reader: WorkerProcess;
  readonly members: readonly WorkerProcess[];
}

function startWorkers(topic: string): Workers {
  return {
    producers: CODECS.map(
      (codec, i) =>
        new WorkerProcess(codec, [
          "producer.py",
          topic,
          codec,
          String(PARTITIONS),
          String(seed + i),
        ]),
    ),
    reader: new WorkerProcess("reader", ["reader.py", topic, String(PARTITIONS), "follow"]),
    members: MEMBERS.map((name) => new WorkerProcess(name, ["member.py", topic])),
  };
}

/** Each kill happens in the middle of the flow or while clients find their way back, never before the first record. */
async function killAtRandom({ producers, reader, members }: Workers): Promise<string> {
  const random = randomFrom(seed);
  const all = [...producers, reader, ...members];
  const ready = () =>
    all.every((worker) => worker.lines.length > PARTITIONS) ||
    all.some((worker) => worker.hasEnded);
  await until("the first records of every worker", ready, {
    state: () => all.map(({ name, lines }) => [name, lines.length]),
  });
  const moments: number[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    const pauseMs = Math.floor(random() * LONGEST_PAUSE_MS);
    moments.push(pauseMs);
    await sleep(pauseMs);
    await killBroker();
    for (const worker of all) if (worker.hasEnded) await worker.ended;
  }
  return moments.join(" ");
}

async function collect(topic: string, { producers, reader, members }: Workers): Promise<History> {
  const acknowledgements = () => producers.map(({ lines }) => lines.length);
  const before = acknowledgements();
  await until("acknowledgements after the last kill", () =>
    acknowledgements().every((count, i) => count > before[i]!),
  );
  const produced = await Promise.all(producers.map((producer) => producer.finish()));
  const read = parseReader(await reader.finish());
  const once = new WorkerProcess("check", ["reader.py", topic, String(PARTITIONS), "once"]);
  await once.ended;
  const log = parseReader(once.lines);
  const groupHistory = () => members.flatMap(({ name, lines }) => parseMember(name, lines));
  const progress = () => new Set(members.flatMap(({ lines }) => lines.flatMap(readPosition))).size;
  await until("the group at the end", () => progress() >= log.length, {
    deadlineMs: CATCH_UP_MS,
    state: progress,
  }).catch(() => {
    // What the group has not read is said by the checker, with partitions and offsets.
  });
  await Promise.all(members.map((member) => member.finish()));
  const histories = produced.map((lines, i) => parseProducer(producers[i]!.name, lines));
  return { producers: histories, reader: read, log, group: groupHistory() };
}

function readPosition(line: string): string[] {
  const [, kind, partition, offset] = line.split(" ");
  return kind === "read" ? [`${partition}@${offset}`] : [];
}

function assertNone(violations: readonly Violation[]): void {
  const shown = violations.slice(0, 5).map(({ fault, detail }) => `${fault}: ${detail}`);
  assert.equal(
    violations.length,
    0,
    `${violations.length} violations (KILL_LOOP_SEED=${seed}): ${shown.join("; ")}`,
  );
}

const topic = await createTopic();
console.log(`replay with KILL_LOOP_SEED=${seed}`);
const workers = startWorkers(topic);
process.once("exit", () => {
  for (const worker of [...workers.producers, workers.reader, ...workers.members]) worker.kill();
});
let history: History | undefined;
await check(
  `${CODECS.length} idempotent producers go on over ${KILLS} kills (seed ${seed})`,
  async () => {
    const seconds = () => Math.round(performance.now() / 1_000);
    console.log(`pauses before the kills, in ms: ${await killAtRandom(workers)} (${seconds()} s)`);
    history = await collect(topic, workers);
    console.log(
      `${history.log.length} records, ${history.group.length} events of the group (${seconds()} s)`,
    );
  },
);
const seen = (): History => history ?? assert.fail("there is nothing to check");
await check(
  "every record stands in the log once, in order, where its acknowledgement said",
  async () => {
    assert.ok(seen().log.length > 1_000, `only ${seen().log.length} records were written`);
    assertNone(checkLog(seen()));
  },
);
await check(
  "a reader that ran along saw the log as it is, without going back or skipping",
  async () => assertNone(checkReader(seen())),
);
await check("the group skipped nothing, and went back behind no acknowledged commit", async () => {
  assert.ok(
    seen().group.some(({ kind }) => kind === "committed"),
    "no commit was acknowledged",
  );
  assertNone(checkGroup(seen().group, seen().log));
});
finish();
