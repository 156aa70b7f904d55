// Topics, offsets and groups through the admin client.
import assert from "node:assert/strict";
import { admin, createTopic, kafka } from "./connection.ts";
import { check, uniqueName, until } from "./exercise/suite.ts";

const BASE_TIMESTAMP = 1_700_000_000_000;

async function checkTopicLife(): Promise<void> {
  const topic = uniqueName("kafkajs", "admin");
  const topics = [{ topic, numPartitions: 2 }];
  assert.equal(await admin.createTopics({ topics }), true);
  assert.equal(await admin.createTopics({ topics }), false, "creating it again");
  assert.ok((await admin.listTopics()).includes(topic), "listed");
  await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] });
  await until("three partitions with a leader", async () => {
    const metadata = await admin.fetchTopicMetadata({ topics: [topic] });
    const partitions = metadata.topics[0]!.partitions;
    return partitions.length === 3 && partitions.every(({ leader, isr }) => isr.includes(leader));
  });
  await admin.deleteTopics({ topics: [topic] });
  await until("the end of the topic", async () => !(await admin.listTopics()).includes(topic));
  await assert.rejects(admin.deleteTopics({ topics: [topic] }), /does not host this topic/);
}

async function checkOffsetsByTime(): Promise<void> {
  const topic = await createTopic("times", 1);
  const producer = kafka.producer();
  await producer.connect();
  for (const offset of [0, 1, 2]) {
    const timestamp = String(BASE_TIMESTAMP + offset * 1_000);
    await producer.send({ topic, messages: [{ value: "x", timestamp }] });
  }
  await producer.disconnect();
  const offsetAt = async (timestamp: number) =>
    (await admin.fetchTopicOffsetsByTimestamp(topic, timestamp))[0]!.offset;
  assert.equal(await offsetAt(BASE_TIMESTAMP - 5), "0");
  assert.equal(await offsetAt(BASE_TIMESTAMP + 1_000), "1");
  assert.equal(await offsetAt(BASE_TIMESTAMP + 1_001), "2");
  assert.equal(await offsetAt(BASE_TIMESTAMP + 9_000), "3", "after the last record: the end");
  const [ends] = await admin.fetchTopicOffsets(topic);
  assert.deepEqual(ends, { partition: 0, offset: "3", high: "3", low: "0" });
}

async function checkGroupAdministration(): Promise<void> {
  const groupId = uniqueName("kafkajs", "admin-group");
  const topic = await createTopic("admin-group", 1);
  await admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: "0" }] });
  const { groups } = await admin.listGroups();
  assert.ok(
    groups.some((group) => group.groupId === groupId),
    "listed",
  );
  const described = await admin.describeGroups([groupId]);
  assert.deepEqual(
    described.groups.map(({ state, members }) => [state, members]),
    [["Empty", []]],
  );
  await admin.deleteGroups([groupId]);
  const after = await admin.listGroups();
  assert.ok(!after.groups.some((group) => group.groupId === groupId), "gone");
}

async function checkCluster(): Promise<void> {
  const { brokers, controller } = await admin.describeCluster();
  assert.ok(
    brokers.some(({ nodeId }) => nodeId === controller),
    "the controller is one of the brokers",
  );
  const topic = await createTopic("configs", 1);
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: 2, name: topic, configNames: ["max.message.bytes", "cleanup.policy"] }],
  });
  const entries = resources[0]!.configEntries.map(
    ({ configName, configValue }) => `${configName}=${configValue}`,
  );
  assert.deepEqual(entries.sort(), ["cleanup.policy=delete", "max.message.bytes=1048588"]);
}

export async function checkAdministration(): Promise<void> {
  await check("topics are created, listed, grown and deleted", checkTopicLife);
  await check("offsets are found by timestamp", checkOffsetsByTime);
  await check("groups are listed, described and deleted", checkGroupAdministration);
  await check("the cluster and a topic's settings are described", checkCluster);
}
