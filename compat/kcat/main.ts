// kcat as Debian ships it: producer, consumer, listing, queries, balanced groups.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { admin, createTopic, kafka } from "../kafkajs/connection.ts";
import { runGroupExercise } from "../kafkajs/exercise/group-exercise.ts";
import { runIdempotenceExercise } from "../kafkajs/exercise/idempotence-exercise.ts";
import { sampleRecords } from "../kafkajs/exercise/sample-records.ts";
import {
  bootstrap,
  check,
  finish,
  restartBroker,
  sleep,
  uniqueName,
} from "../kafkajs/exercise/suite.ts";
import { outcomeOf, readTopic, runKcat, startKcat, valuesByPartition } from "./kcat.ts";
import { checkRefusals } from "./refusals.ts";

const PARTITIONS = [0, 1, 2];
const PADDED_VALUE_LENGTH = 1_023;
const HAND_OVER_INTERVAL_MS = 3;
const BASE_TIMESTAMP = 1_700_000_000_000;
const groupSettings = [
  "session.timeout.ms=6000",
  "heartbeat.interval.ms=500",
  "auto.offset.reset=earliest",
];
const groupArguments = [...groupSettings, "auto.commit.interval.ms=500"].flatMap((setting) => [
  "-X",
  setting,
]);

/** kcat sends each file as one value, which is how bytes that are no text get through it. */
async function checkCodec(codec: string): Promise<void> {
  const topic = await createTopic(`kcat-codec-${codec}`, PARTITIONS.length);
  const directory = await mkdtemp(join(tmpdir(), "compat-kcat-"));
  const values = sampleRecords(3).flatMap(({ value }) =>
    value === null || value.length === 0 ? [] : [value],
  );
  const files = values.map((_, index) => join(directory, `${index}`));
  const before = Date.now();
  try {
    await Promise.all(files.map((file, index) => writeFile(file, values[index]!)));
    for (const partition of PARTITIONS) {
      const headers = ["-H", "trace=a", "-H", "empty=", "-H", "trace=ž"];
      const argv = [
        "-P",
        "-t",
        topic,
        "-p",
        `${partition}`,
        "-k",
        `k-${partition}`,
        "-z",
        codec,
        ...headers,
      ];
      await runKcat([...argv, "-X", "acks=all", "-X", "linger.ms=50", ...files]);
    }
  } finally {
    await rm(directory, { recursive: true });
  }
  const stored = await readTopic(topic);
  for (const partition of PARTITIONS) {
    const records = stored.filter((record) => record.partition === partition);
    assert.deepEqual(
      records.map(({ value }) => value!.toString("hex")),
      values.map((value) => value.toString("hex")),
    );
    for (const [index, record] of records.entries()) {
      assert.deepEqual(
        [record.topic, record.offset, String(record.key)],
        [topic, index, `k-${partition}`],
      );
      assert.deepEqual(record.headers.map(String), ["trace,a", "empty,", "trace,ž"]);
      assert.ok(
        record.timestamp >= before && record.timestamp <= Date.now(),
        `timestamp ${record.timestamp}`,
      );
    }
  }
}

async function checkNulls(): Promise<void> {
  const topic = await createTopic("kcat-null", 1);
  await runKcat(["-P", "-t", topic, "-p", "0", "-K:", "-Z"], "a:1\nb:\n:3\n");
  await runKcat(["-P", "-t", topic, "-p", "0", "-K:"], "c:\n");
  const shown = await runKcat([
    "-C",
    "-q",
    "-t",
    topic,
    "-o",
    "beginning",
    "-e",
    "-f",
    "%o %K:%k %S:%s\\n",
  ]);
  assert.equal(String(shown), "0 1:a 1:1\n1 1:b -1:\n2 -1: 1:3\n3 1:c 0:\n");
}

async function checkAutomaticCreation(): Promise<void> {
  const topic = uniqueName("kcat", "automatic");
  await runKcat(["-P", "-t", topic], "first\nsecond\n");
  assert.deepEqual((await readTopic(topic)).map(({ value }) => String(value)).sort(), [
    "first",
    "second",
  ]);
}

async function checkListing(): Promise<void> {
  const topic = await createTopic("kcat-list", PARTITIONS.length);
  const text = String(await runKcat(["-L", "-t", topic]));
  assert.match(text, new RegExp(`topic "${topic}" with 3 partitions:`));
  const listing = JSON.parse(String(await runKcat(["-L", "-J", "-t", topic]))) as {
    controllerid: number;
    brokers: { id: number; name: string }[];
    topics: {
      topic: string;
      partitions: { partition: number; leader: number; isrs: { id: number }[] }[];
    }[];
  };
  const broker = listing.brokers.find(({ id }) => id === listing.controllerid)!;
  assert.equal(broker.name, bootstrap);
  const partitions = PARTITIONS.map((partition) => [partition, broker.id, [broker.id]]);
  const listed = listing.topics[0]!.partitions.map(({ partition, leader, isrs }) => [
    partition,
    leader,
    isrs.map(({ id }) => id),
  ]);
  assert.deepEqual(listed, partitions);
}

async function checkOffsets(): Promise<void> {
  const topic = await createTopic("kcat-times", 1);
  const producer = kafka.producer();
  await producer.connect();
  for (const step of [0, 1, 2, 3]) {
    const timestamp = String(BASE_TIMESTAMP + step * 1_000);
    await producer.send({ topic, messages: [{ value: `${step}`, timestamp }] });
  }
  await producer.disconnect();
  const query = async (timestamp: number) =>
    String(await runKcat(["-Q", "-t", `${topic}:0:${timestamp}`])).trim();
  assert.equal(await query(BASE_TIMESTAMP - 5), `${topic} [0] offset 0`);
  assert.equal(await query(BASE_TIMESTAMP + 1_001), `${topic} [0] offset 2`);
  assert.equal(await query(BASE_TIMESTAMP + 9_000), `${topic} [0] offset -1`);
  assert.equal(await query(-2), `${topic} [0] offset 0`);
  assert.equal(await query(-1), `${topic} [0] offset 4`);
  const consume = async (...argv: string[]) =>
    String(await runKcat(["-C", "-q", "-e", "-t", topic, ...argv, "-f", "%s@%T "]));
  assert.equal(await consume("-o", "-1"), `3@${BASE_TIMESTAMP + 3_000} `);
  assert.equal(
    await consume("-o", "2"),
    `2@${BASE_TIMESTAMP + 2_000} 3@${BASE_TIMESTAMP + 3_000} `,
  );
  const window = ["-o", `s@${BASE_TIMESTAMP + 500}`, "-o", `e@${BASE_TIMESTAMP + 2_500}`];
  assert.equal(
    await consume(...window),
    `1@${BASE_TIMESTAMP + 1_000} 2@${BASE_TIMESTAMP + 2_000} `,
  );
}

async function exerciseGroup(): Promise<void> {
  const topic = await createTopic("kcat-group", 6);
  const group = ["-G", uniqueName("kcat", "group"), "-u", ...groupArguments];
  await runGroupExercise({
    partitionCount: 6,
    member: ["kcat", "-F", "/dev/null", "-b", bootstrap, ...group, "-f", "value %s\\n", topic],
    readLine: (line) => {
      if (line.startsWith("value ")) {
        return { value: line.slice("value ".length) };
      }
      const change = /^% Group .* (assigned|revoked): (.*)$/.exec(line);
      if (change === null) {
        return undefined;
      }
      const partitions = [...change[2]!.matchAll(/\[(\d+)\]/g)].map(([, partition]) =>
        Number(partition),
      );
      return { assigned: change[1] === "assigned" ? partitions : [] };
    },
    produce: async (values) => {
      const share = (partition: number) =>
        values.filter((_, index) => index % 6 === partition).map((value) => `${value}\n`);
      await Promise.all(
        [0, 1, 2, 3, 4, 5].map((partition) =>
          runKcat(["-P", "-t", topic, "-p", `${partition}`], share(partition).join("")),
        ),
      );
    },
  });
}

async function checkOffsetsOverRestart(): Promise<void> {
  const topic = await createTopic("kcat-restart", 2);
  const groupId = uniqueName("kcat", "restart");
  const values = Array.from({ length: 20 }, (_, index) => `${index}\n`).join("");
  await runKcat(["-P", "-t", topic, "-p", "0"], values);
  await runKcat(["-P", "-t", topic, "-p", "1"], values);
  const consume = async (...limit: string[]) => {
    const output = await runKcat([
      "-G",
      groupId,
      ...limit,
      ...groupArguments,
      "-f",
      "%p:%o:%s\\n",
      topic,
    ]);
    return String(output).trim().split("\n");
  };
  const before = await consume("-c", "13");
  await restartBroker();
  const after = await consume("-e");
  assert.equal(before.length, 13);
  const all = [0, 1].flatMap((partition) =>
    Array.from({ length: 20 }, (_, index) => `${partition}:${index}:${index}`),
  );
  assert.deepEqual([...before, ...after].sort(), all.sort(), "each record once, none twice");
}

async function hasRecordsEverywhere(topic: string): Promise<boolean> {
  const argv = PARTITIONS.flatMap((partition) => ["-t", `${topic}:${partition}:-1`]);
  const ends = String(await runKcat(["-Q", ...argv])).matchAll(/offset (\d+)/g);
  return [...ends].filter(([, end]) => Number(end) > 0).length === PARTITIONS.length;
}

/** kcat shows no acknowledgements, but it ends with 0 only when every record that it was given was acknowledged. */
async function exerciseIdempotence(): Promise<void> {
  const topic = await createTopic("kcat-idempotence", PARTITIONS.length);
  const settings = ["enable.idempotence=true", "acks=all", "linger.ms=1", "retry.backoff.ms=50"];
  const producers = PARTITIONS.map((partition) => {
    const argv = [
      "-P",
      "-E",
      "-t",
      topic,
      "-p",
      `${partition}`,
      ...settings.flatMap((setting) => ["-X", setting]),
    ];
    const child = startKcat(argv);
    return { child, outcome: outcomeOf(child) };
  });
  await runIdempotenceExercise({
    partitionCount: PARTITIONS.length,
    // The exercise counts what was handed over; kcat reads its input in large pieces, so values are padded to keep it busy.
    send: async (partition, value) => {
      producers[partition]!.child.stdin!.write(`${value.padEnd(PADDED_VALUE_LENGTH)}\n`);
      await sleep(HAND_OVER_INTERVAL_MS);
    },
    isUnderWay: () => hasRecordsEverywhere(topic),
    flush: async () => {
      for (const { child } of producers) {
        child.stdin!.end();
      }
      const outcomes = await Promise.all(producers.map(({ outcome }) => outcome));
      assert.deepEqual(
        outcomes.map(({ exitCode }) => exitCode),
        [0, 0, 0],
        outcomes.map(({ stderr }) => stderr).join(),
      );
    },
    readAll: async () => {
      const stored = await valuesByPartition(topic);
      return new Map(
        [...stored].map(([partition, values]) => [
          partition,
          values.map((value) => value.trimEnd()),
        ]),
      );
    },
  });
}

await admin.connect();
for (const codec of ["none", "gzip", "snappy", "lz4", "zstd"]) {
  await check(`records come back byte for byte, codec ${codec}`, () => checkCodec(codec));
}
await check("null and empty keys and values are told apart", checkNulls);
await check("producing to a new name creates the topic", checkAutomaticCreation);
await check("brokers, topics and partitions are listed", checkListing);
await check("offsets are found by timestamp, and consumption starts and stops there", checkOffsets);
await checkRefusals();
await exerciseGroup();
await check("committed offsets survive a restart", checkOffsetsOverRestart);
await exerciseIdempotence();
await admin.disconnect();
finish();
