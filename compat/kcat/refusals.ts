// What the broker must refuse, as kcat and librdkafka report it.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createTopic } from "../kafkajs/connection.ts";
import { check, uniqueName, until } from "../kafkajs/exercise/suite.ts";
import { outcomeOf, readTopic, runKcat, startKcat, tryKcat } from "./kcat.ts";

const OVER_MAX_MESSAGE_BYTES = 1_500_000;

async function checkUnknownTopic(): Promise<void> {
  const topic = uniqueName("kcat", "nowhere");
  const { exitCode, stderr } = await tryKcat([
    "-C",
    "-t",
    topic,
    "-e",
    "-X",
    "allow.auto.create.topics=false",
  ]);
  assert.equal(exitCode, 1);
  assert.match(stderr, /Unknown topic or partition/);
  const listing = JSON.parse(String(await runKcat(["-L", "-J"]))) as {
    topics: { topic: string }[];
  };
  assert.ok(!listing.topics.some((listed) => listed.topic === topic), "asking did not create it");
}

async function checkUnknownPartition(): Promise<void> {
  const topic = await createTopic("kcat-partition", 2);
  const { exitCode, stderr } = await tryKcat(["-P", "-t", topic, "-p", "7"], "x\n");
  assert.equal(exitCode, 1);
  assert.match(stderr, /Unknown partition/);
}

async function checkTooLarge(): Promise<void> {
  const topic = await createTopic("kcat-large", 1);
  const file = join(tmpdir(), uniqueName("kcat", "large"));
  await writeFile(file, randomBytes(OVER_MAX_MESSAGE_BYTES));
  try {
    const argv = ["-P", "-t", topic, "-p", "0", "-X", "message.max.bytes=4000000", file];
    const { exitCode, stderr } = await tryKcat(argv);
    assert.equal(exitCode, 1);
    assert.match(stderr, /Broker: Message size too large/);
  } finally {
    await rm(file);
  }
  assert.deepEqual(await readTopic(topic), [], "nothing was stored");
}

async function checkOutOfRange(): Promise<void> {
  const topic = await createTopic("kcat-range", 1);
  const argv = [
    "-C",
    "-t",
    topic,
    "-p",
    "0",
    "-o",
    "4711",
    "-e",
    "-X",
    "topic.auto.offset.reset=error",
  ];
  const { exitCode, stderr } = await tryKcat(argv);
  assert.equal(exitCode, 1);
  assert.match(stderr, /Broker: Offset out of range/);
}

/** kcat cannot commit under a foreign generation; a second member with its static name fences it instead. */
async function checkFencing(): Promise<void> {
  const topic = await createTopic("kcat-fence", 1);
  const settings = [
    "session.timeout.ms=6000",
    "heartbeat.interval.ms=300",
    "group.instance.id=only-one",
  ];
  const argv = [
    "-G",
    uniqueName("kcat", "fence"),
    ...settings.flatMap((setting) => ["-X", setting]),
    topic,
  ];
  const first = startKcat(argv);
  const firstOutcome = outcomeOf(first);
  let firstText = "";
  first.stderr!.on("data", (chunk: Buffer) => {
    firstText += chunk.toString();
  });
  await until("the first member's assignment", () => firstText.includes("assigned: "));
  const second = startKcat(argv);
  const secondOutcome = outcomeOf(second);
  const { exitCode, stderr } = await firstOutcome;
  second.kill("SIGTERM");
  await secondOutcome;
  assert.equal(exitCode, 1);
  assert.match(stderr, /Static consumer fenced by other consumer with same group.instance.id/);
}

export async function checkRefusals(): Promise<void> {
  await check("consuming an unknown topic is refused and does not create it", checkUnknownTopic);
  await check("producing to an unknown partition fails", checkUnknownPartition);
  await check("a record over the size limit is refused and not stored", checkTooLarge);
  await check("a start offset out of range is reported", checkOutOfRange);
  await check("a static member is fenced by its successor", checkFencing);
}
