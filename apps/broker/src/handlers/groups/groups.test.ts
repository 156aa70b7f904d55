import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  Api,
  FrameSplitter,
  ZERO_UUID,
  consumerProtocolSubscription,
  decodeResponseFrame,
  encodeRequestFrame,
  encodeVersioned,
  type ApiDefinition,
  type MessageInput,
} from "@ottla/protocol";
import { startOttla, type Ottla } from "../../start-ottla.ts";
import { groupHandlers } from "./index.ts";

/** One request at a time over a real socket. */
class Caller {
  readonly #socket: Socket;
  readonly #splitter = new FrameSplitter({ maxFrameBytes: 1 << 24 });
  #waiting: { resolve(frame: Uint8Array): void; reject(error: Error): void } | undefined;

  constructor(port: number) {
    this.#socket = connect(port, "127.0.0.1");
    this.#socket.on("data", (chunk: Buffer) => {
      for (const frame of this.#splitter.push(chunk)) this.#waiting?.resolve(frame);
    });
    this.#socket.on("close", () =>
      this.#waiting?.reject(new Error("the broker closed the connection")),
    );
  }

  async call<Req, Res>(
    api: ApiDefinition<Req, Res>,
    version: number,
    body: MessageInput<Req>,
  ): Promise<Res> {
    const answer = new Promise<Uint8Array>(
      (resolve, reject) => (this.#waiting = { resolve, reject }),
    );
    for (const chunk of encodeRequestFrame(
      api,
      version,
      { correlationId: 1, clientId: "caller" },
      body,
    )) {
      this.#socket.write(chunk);
    }
    return decodeResponseFrame(api, version, await answer).body;
  }

  close(): void {
    this.#waiting = undefined;
    this.#socket.destroy();
  }
}

let ottla: Ottla;
let caller: Caller;

beforeEach(async () => {
  ottla = await startOttla();
  caller = new Caller(ottla.port);
});

afterEach(async () => {
  caller.close();
  await ottla.close();
});

async function coordinatorReady(): Promise<void> {
  for (;;) {
    const { errorCode } = await caller.call(Api.FindCoordinator, 0, { key: "group" });
    if (errorCode === 0) break;
    expect(errorCode).toBe(15);
  }
  for (;;) {
    const { errorCode } = await caller.call(Api.ListGroups, 0, {});
    if (errorCode === 0) return;
    expect(errorCode).toBe(14);
  }
}

const versionsOf = (name: string): number[] => {
  const handler = groupHandlers.find(({ api }) => api.name === name)!;
  return Array.from(
    { length: handler.maxVersion - handler.minVersion + 1 },
    (_, at) => handler.minVersion + at,
  );
};

async function createTopic(name: string): Promise<string> {
  await caller.call(Api.CreateTopics, 5, {
    topics: [{ name, numPartitions: 1, replicationFactor: 1 }],
    timeoutMs: 5_000,
  });
  return ottla.broker.services.controller.image.topicsByName.get(name)!.topicId;
}

describe("finding the coordinator", () => {
  test("creates the offsets topic on the first call, which is told 15", async () => {
    const first = await caller.call(Api.FindCoordinator, 3, { key: "group" });
    expect(first).toMatchObject({ errorCode: 15, nodeId: -1, host: "", port: -1 });
    const topic = ottla.broker.services.controller.image.topicsByName.get("__consumer_offsets")!;
    expect(topic.configs.get("cleanup.policy")).toBe("compact");
    const second = await caller.call(Api.FindCoordinator, 3, { key: "group" });
    expect(second).toMatchObject({
      errorCode: 0,
      errorMessage: null,
      host: "127.0.0.1",
      port: ottla.port,
    });
  });

  test.each(versionsOf("FindCoordinator"))("works in version %i", async (version) => {
    await coordinatorReady();
    const answer = await caller.call(Api.FindCoordinator, version, {
      key: "group",
      coordinatorKeys: ["group", "other"],
    });
    if (version < 4) expect(answer).toMatchObject({ errorCode: 0, port: ottla.port });
    else
      expect(answer.coordinators.map(({ key, errorCode, port }) => [key, errorCode, port])).toEqual(
        [
          ["group", 0, ottla.port],
          ["other", 0, ottla.port],
        ],
      );
  });

  test("of transactions, which are not served yet, is told 42", async () => {
    expect(await caller.call(Api.FindCoordinator, 1, { key: "t", keyType: 1 })).toMatchObject({
      errorCode: 42,
    });
  });
});

test("a member can live its whole life in every version of the group APIs", async () => {
  await coordinatorReady();
  const metadata = encodeVersioned(consumerProtocolSubscription, { topics: ["t"] }, 0);
  const highest = (name: string, version: number): number =>
    Math.min(version, versionsOf(name).at(-1)!);
  for (const version of versionsOf("JoinGroup")) {
    const groupId = `group-${version}`;
    const join = {
      groupId,
      sessionTimeoutMs: 6_000,
      rebalanceTimeoutMs: 6_000,
      protocolType: "consumer",
      protocols: [{ name: "range", metadata }],
    };
    let joined = await caller.call(Api.JoinGroup, version, join);
    if (joined.errorCode === 79)
      joined = await caller.call(Api.JoinGroup, version, { ...join, memberId: joined.memberId });
    expect(joined).toMatchObject({ errorCode: 0, generationId: 1, protocolName: "range" });
    const { memberId } = joined;
    const member = { groupId, memberId, generationId: 1 };
    const assignments = [{ memberId, assignment: Uint8Array.of(version) }];
    const synced = await caller.call(Api.SyncGroup, highest("SyncGroup", version), {
      ...member,
      assignments,
    });
    expect(synced).toMatchObject({ errorCode: 0, assignment: Uint8Array.of(version) });
    expect(await caller.call(Api.Heartbeat, highest("Heartbeat", version), member)).toMatchObject({
      errorCode: 0,
    });
    const described = await caller.call(Api.DescribeGroups, highest("DescribeGroups", version), {
      groups: [groupId],
    });
    expect(described.groups[0]).toMatchObject({
      errorCode: 0,
      groupState: "Stable",
      members: [{ memberId, clientId: "caller", clientHost: "/127.0.0.1" }],
    });
    const listed = await caller.call(Api.ListGroups, highest("ListGroups", version), {});
    expect(listed.groups.map((group) => group.groupId)).toContain(groupId);
    const leave = { groupId, memberId, members: [{ memberId }] };
    expect(await caller.call(Api.LeaveGroup, highest("LeaveGroup", version), leave)).toMatchObject({
      errorCode: 0,
    });
    const deleted = await caller.call(Api.DeleteGroups, highest("DeleteGroups", version), {
      groupsNames: [groupId],
    });
    expect(deleted.results).toEqual([{ groupId, errorCode: 0 }]);
  }
});

test("an offset committed in any version can be fetched in every version, and deleted", async () => {
  await coordinatorReady();
  const topicId = await createTopic("t");
  for (const version of versionsOf("OffsetCommit")) {
    const partitions = [
      { partitionIndex: 0, committedOffset: BigInt(version), committedMetadata: "m" },
    ];
    const named = version < 10 ? { name: "t" } : { topicId };
    const committed = await caller.call(Api.OffsetCommit, version, {
      groupId: "group",
      topics: [{ ...named, partitions }],
    });
    expect(committed.topics[0]!.partitions).toEqual([{ partitionIndex: 0, errorCode: 0 }]);
    for (const fetchVersion of versionsOf("OffsetFetch")) {
      const topics = [
        { ...(fetchVersion < 10 ? { name: "t" } : { topicId }), partitionIndexes: [0] },
      ];
      const request =
        fetchVersion < 8
          ? { groupId: "group", topics }
          : { groups: [{ groupId: "group", topics }] };
      const fetched = await caller.call(Api.OffsetFetch, fetchVersion, request);
      const [topic] = fetchVersion < 8 ? fetched.topics : fetched.groups[0]!.topics;
      expect(topic!.partitions[0]).toMatchObject({
        committedOffset: BigInt(version),
        metadata: "m",
        errorCode: 0,
      });
    }
  }
  const topics = [{ name: "t", partitions: [{ partitionIndex: 0 }] }];
  const deleted = await caller.call(Api.OffsetDelete, 0, { groupId: "group", topics });
  expect(deleted).toMatchObject({ errorCode: 0, topics: [{ partitions: [{ errorCode: 0 }] }] });
  const all = await caller.call(Api.OffsetFetch, 7, { groupId: "group", topics: null });
  expect(all.topics).toEqual([]);
});

test("the offsets of a deleted topic are not those of one that is made under its name", async () => {
  await coordinatorReady();
  await createTopic("t");
  const partitions = [{ partitionIndex: 0, committedOffset: 5n, committedMetadata: null }];
  await caller.call(Api.OffsetCommit, 8, {
    groupId: "group",
    topics: [{ name: "t", topicId: ZERO_UUID, partitions }],
  });
  await caller.call(Api.DeleteTopics, 4, { topicNames: ["t"], timeoutMs: 5_000 });
  await createTopic("t");
  const fetched = await caller.call(Api.OffsetFetch, 5, {
    groupId: "group",
    topics: [{ name: "t", partitionIndexes: [0] }],
  });
  expect(fetched.topics[0]!.partitions[0]!.committedOffset).toBe(-1n);
});
