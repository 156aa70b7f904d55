// A group of our client and @platformatic/kafka: they must agree on a protocol and read each other's subscriptions.
import assert from "node:assert/strict";
import { Consumer as OtherConsumer } from "@platformatic/kafka";
import { bootstrap, uniqueName, until } from "../kafkajs/exercise/suite.ts";
import { client, createTopic, groupTimings, textOf } from "./connection.ts";

const PARTITIONS = 4;
const RECORDS = 40;

export async function checkMixedGroup(): Promise<void> {
  const topic = await createTopic("mixed", PARTITIONS);
  const groupId = uniqueName("ottla", "mixed");
  const seen = new Map<string, string>();
  const ours = client.consumer({
    groupId,
    assignors: ["roundrobin"],
    autoOffsetReset: "earliest",
    ...groupTimings,
  });
  ours.subscribe({ topics: [topic] });
  const reading = (async () => {
    for await (const record of ours) seen.set(textOf(record), "ours");
  })();
  await until("our membership", () => ours.assignment().length === PARTITIONS);
  const theirs = new OtherConsumer({
    groupId,
    clientId: "compat-other",
    bootstrapBrokers: [bootstrap],
    sessionTimeout: groupTimings.sessionTimeoutMs,
    heartbeatInterval: groupTimings.heartbeatIntervalMs,
    protocols: [{ name: "roundrobin", version: 1 }],
  });
  const stream = await theirs.consume({
    topics: [topic],
    mode: "committed",
    fallbackMode: "earliest",
    autocommit: 500,
  });
  stream.on("data", ({ value }: { value: Buffer }) => seen.set(value.toString(), "theirs"));
  await until("half of the partitions", () => ours.assignment().length === PARTITIONS / 2);
  const producer = client.producer();
  const messages = Array.from({ length: RECORDS }, (_, index) => ({
    value: `${index}`,
    partition: index % PARTITIONS,
  }));
  await producer.send({ topic, messages });
  await until("all records at both", () => seen.size === RECORDS, { state: () => [...seen] });
  const counts = ["ours", "theirs"].map(
    (who) => [...seen.values()].filter((one) => one === who).length,
  );
  assert.deepEqual(counts, [RECORDS / 2, RECORDS / 2]);
  await theirs.close(true);
  await until("all partitions again", () => ours.assignment().length === PARTITIONS);
  await ours.close();
  await reading;
  await producer.close();
}
