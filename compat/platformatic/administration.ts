// Topics, offsets and groups through the admin client, which knows only the newest request versions.
import assert from "node:assert/strict";
import { findErrorBy } from "@platformatic/kafka";
import { admin, createTopic, groupTimings, newConsumer, newProducer } from "./connection.ts";
import { check, uniqueName, until } from "../kafkajs/exercise/suite.ts";

const BASE_TIMESTAMP = 1_700_000_000_000n;

async function checkTopicLife(): Promise<void> {
  const topic = uniqueName("platformatic", "admin");
  const create = () => admin.createTopics({ topics: [topic], partitions: 2, replicas: 1 });
  const [created] = await create();
  assert.deepEqual([created!.name, created!.partitions, created!.replicas], [topic, 2, 1]);
  await assert.rejects(
    create(),
    (error: Error) => findErrorBy(error, "apiId", "TOPIC_ALREADY_EXISTS") !== null,
  );
  assert.ok((await admin.listTopics()).includes(topic), "listed");
  await admin.createPartitions({ topics: [{ name: topic, count: 3 }] });
  await until("three partitions with a leader", async () => {
    const { topics } = await admin.metadata({ topics: [topic], forceUpdate: true });
    const { id, partitions } = topics.get(topic)!;
    assert.equal(id, created!.id, "the topic keeps its id");
    return partitions.length === 3 && partitions.every(({ leader, isr }) => isr.includes(leader));
  });
  await admin.deleteTopics({ topics: [topic] });
  await until("the end of the topic", async () => !(await admin.listTopics()).includes(topic));
}

async function checkOffsetsByTime(): Promise<void> {
  const topic = await createTopic("times", 1);
  const producer = newProducer();
  for (const step of [0n, 1n, 2n]) {
    const timestamp = BASE_TIMESTAMP + step * 1_000n;
    await producer.send({
      messages: [{ topic, partition: 0, value: Buffer.from("x"), timestamp }],
    });
  }
  await producer.close();
  const consumer = newConsumer(uniqueName("platformatic", "times"));
  const offsetAt = async (timestamp: bigint) => {
    const found = await consumer.listOffsetsWithTimestamps({ topics: [topic], timestamp });
    return found.get(topic)!.get(0);
  };
  assert.deepEqual(await offsetAt(BASE_TIMESTAMP - 5n), { offset: 0n, timestamp: BASE_TIMESTAMP });
  assert.deepEqual(await offsetAt(BASE_TIMESTAMP + 1_000n), {
    offset: 1n,
    timestamp: BASE_TIMESTAMP + 1_000n,
  });
  assert.deepEqual(await offsetAt(BASE_TIMESTAMP + 1_001n), {
    offset: 2n,
    timestamp: BASE_TIMESTAMP + 2_000n,
  });
  assert.deepEqual(await offsetAt(BASE_TIMESTAMP + 9_000n), { offset: -1n, timestamp: -1n });
  assert.deepEqual(await offsetAt(-2n), { offset: 0n, timestamp: -1n }, "earliest");
  assert.deepEqual(await offsetAt(-1n), { offset: 3n, timestamp: -1n }, "latest");
  assert.deepEqual(
    await offsetAt(-3n),
    { offset: 2n, timestamp: BASE_TIMESTAMP + 2_000n },
    "largest timestamp",
  );
  await consumer.close();
}

async function checkGroupAdministration(): Promise<void> {
  const groupId = uniqueName("platformatic", "admin-group");
  const topic = await createTopic("admin-group", 1);
  const consumer = newConsumer(groupId);
  consumer.topics.track(topic);
  const memberId = await consumer.joinGroup(groupTimings);
  const described = (await admin.describeGroups({ groups: [groupId] })).get(groupId)!;
  assert.deepEqual([described.state, [...described.members.keys()]], ["Stable", [memberId]]);
  assert.deepEqual(
    [...described.members.get(memberId)!.assignments!],
    [[topic, { topic, partitions: [0] }]],
  );
  await assert.rejects(
    admin.deleteGroups({ groups: [groupId] }),
    (error: Error) => findErrorBy(error, "apiId", "NON_EMPTY_GROUP") !== null,
  );
  await consumer.commit({ offsets: [{ topic, partition: 0, offset: 9n, leaderEpoch: -1 }] });
  await consumer.close(true);
  const [offsets] = await admin.listConsumerGroupOffsets({ groups: [groupId] });
  assert.equal(offsets!.topics[0]!.partitions[0]!.committedOffset, 9n);
  assert.equal((await admin.listGroups()).get(groupId)?.id, groupId, "listed");
  await admin.deleteGroups({ groups: [groupId] });
  assert.equal((await admin.listGroups()).get(groupId), undefined, "gone");
}

async function checkConfigs(): Promise<void> {
  const topic = await createTopic("configs", 1);
  const [description] = await admin.describeConfigs({
    resources: [
      {
        resourceType: 2,
        resourceName: topic,
        configurationKeys: ["max.message.bytes", "cleanup.policy"],
      },
    ],
    includeSynonyms: true,
    includeDocumentation: false,
  });
  const entries = description!.configs.map(({ name, value }) => `${name}=${value}`);
  assert.deepEqual(entries.sort(), ["cleanup.policy=delete", "max.message.bytes=1048588"]);
}

export async function checkAdministration(): Promise<void> {
  await check("topics are created, listed, grown and deleted", checkTopicLife);
  await check("offsets are found by timestamp", checkOffsetsByTime);
  await check("groups are described, listed and deleted", checkGroupAdministration);
  await check("a topic's settings are described", checkConfigs);
}
