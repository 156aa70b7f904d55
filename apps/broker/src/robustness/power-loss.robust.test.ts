/*
 * The whole broker on a simulated disk: topics, records, committed offsets and deletions are acknowledged, the
 * power fails at some call to the disk, unsynced writes and names are lost in part, and a broker starts on what is left.
 */
import { Api, ErrorCode } from "@ottla/protocol";
import {
  LOST_NAMES,
  LOST_WRITES,
  MemoryFileSystem,
  SeededRandom,
  buildCrashState,
  testSeed,
} from "@ottla/testkit";
import { expect, test } from "vitest";
import { startOttla } from "../start-ottla.ts";
import { batchOf, createTopic, fetchFrom, produceTo, valuesOf } from "../test/requests.ts";
import { WireClient } from "../test/wire-client.ts";

const STATES = Number(process.env["OTTLA_CRASH_STATES"] ?? 120);
const TOPICS = ["kept", "other", "doomed"] as const;
const DOOMED = "doomed";
const GROUP = "crash-group";
const ROUNDS = 12;

/** A position in the trace of the disk, taken after the acknowledgement arrived. */
type Position = number;

interface Promised {
  readonly topics: Map<string, { readonly topicId: string; readonly at: Position }>;
  readonly records: { readonly topic: string; readonly line: string; readonly at: Position }[];
  readonly commits: { readonly offset: bigint; readonly at: Position }[];
  deletionBegan: Position;
  deletionDone: Position;
}

const settingsFor = (flush: "group" | "none") => ({
  "ottla.flush": flush,
  "offsets.topic.num.partitions": 1,
});

async function commitOffset(client: WireClient, committedOffset: bigint): Promise<number> {
  const partitions = [
    { partitionIndex: 0, committedOffset, committedLeaderEpoch: -1, committedMetadata: "" },
  ];
  const answer = await client.send(Api.OffsetCommit, 8, {
    groupId: GROUP,
    generationIdOrMemberEpoch: -1,
    topics: [{ name: "kept", partitions }],
  });
  return answer.topics[0]!.partitions[0]!.errorCode;
}

async function run(fileSystem: MemoryFileSystem, flush: "group" | "none"): Promise<Promised> {
  await using ottla = await startOttla({ fileSystem, settings: settingsFor(flush) });
  await using client = await WireClient.connect(ottla.port);
  const now = (): Position => fileSystem.trace.length;
  const promised: Promised = {
    topics: new Map(),
    records: [],
    commits: [],
    deletionBegan: Infinity,
    deletionDone: Infinity,
  };
  for (const topic of TOPICS)
    promised.topics.set(topic, { topicId: await createTopic(client, topic), at: now() });
  await client.send(Api.FindCoordinator, 4, { keyType: 0, coordinatorKeys: [GROUP] });
  await expect.poll(() => commitOffset(client, 0n)).toBe(0);
  for (let round = 0; round < ROUNDS; round++) {
    for (const topic of TOPICS) {
      if (topic === DOOMED && promised.deletionBegan < Infinity) continue;
      const answer = await produceTo(client, { topic }, batchOf([`${topic}-${round}`]));
      expect(answer.errorCode).toBe(0);
      promised.records.push({ topic, line: `${answer.baseOffset}:${topic}-${round}`, at: now() });
    }
    expect(await commitOffset(client, BigInt(round + 1))).toBe(0);
    promised.commits.push({ offset: BigInt(round + 1), at: now() });
    if (round === ROUNDS / 2) {
      promised.deletionBegan = now();
      const { responses } = await client.send(Api.DeleteTopics, 6, {
        topics: [{ name: DOOMED }],
        timeoutMs: 5_000,
      });
      expect(responses[0]!.errorCode).toBe(0);
      promised.deletionDone = now();
    }
  }
  return promised;
}

/** What the broker that starts on the state has broken of what was promised before the power failed. */
async function violationsOf(
  state: MemoryFileSystem,
  promised: Promised,
  failedAt: Position,
): Promise<string[]> {
  await using ottla = await startOttla({ fileSystem: state, settings: settingsFor("group") });
  await using client = await WireClient.connect(ottla.port);
  const violations: string[] = [];
  const { topics } = await client.send(Api.Metadata, 12, {
    topics: null,
    allowAutoTopicCreation: false,
  });
  const idOf = new Map(topics.map(({ name, topicId }) => [name ?? "", topicId]));
  for (const [name, { topicId, at }] of promised.topics) {
    const mayBeGone = name === DOOMED && promised.deletionBegan <= failedAt;
    if (at <= failedAt && !mayBeGone && idOf.get(name) !== topicId)
      violations.push(`topic ${name} is gone`);
    if (name === DOOMED && promised.deletionDone <= failedAt && idOf.has(name))
      violations.push(`topic ${name} is back`);
  }
  for (const topic of idOf.keys()) {
    if (!promised.topics.has(topic)) continue;
    const fetched = await fetchFrom(client, topic, 0);
    const stored = fetched.errorCode === 0 ? valuesOf(fetched) : [];
    if (fetched.errorCode !== 0)
      violations.push(`a fetch of ${topic} answers ${fetched.errorCode}`);
    const sent = promised.records.filter((record) => record.topic === topic);
    stored.forEach((line, i) => {
      if (line !== sent[i]?.line)
        violations.push(`${topic} has ${line} in place of ${sent[i]?.line}`);
    });
    for (const { line, at } of sent.slice(stored.length))
      if (at <= failedAt) violations.push(`${topic} has lost ${line}`);
    const { errorCode } = await produceTo(client, { topic }, batchOf(["after"]));
    if (errorCode !== 0) violations.push(`${topic} takes no records: ${errorCode}`);
  }
  return [...violations, ...(await lostCommits(client, promised, failedAt))];
}

async function lostCommits(
  client: WireClient,
  promised: Promised,
  failedAt: Position,
): Promise<string[]> {
  const acknowledged = promised.commits.findLast(({ at }) => at <= failedAt);
  if (!acknowledged) return [];
  await client.send(Api.FindCoordinator, 4, { keyType: 0, coordinatorKeys: [GROUP] });
  let committed = -1n;
  const fetchCommitted = async (): Promise<number> => {
    const { groups } = await client.send(Api.OffsetFetch, 8, {
      groups: [{ groupId: GROUP, topics: [{ name: "kept", partitionIndexes: [0] }] }],
    });
    committed = groups[0]!.topics[0]?.partitions[0]?.committedOffset ?? -1n;
    return groups[0]!.errorCode;
  };
  await expect.poll(fetchCommitted).toBe(ErrorCode.NONE);
  return committed >= acknowledged.offset
    ? []
    : [`the group has ${committed}, ${acknowledged.offset} was acknowledged`];
}

interface Exploration {
  readonly states: number;
  readonly seed: number;
  readonly flush?: "group" | "none";
  readonly fileSystem?: MemoryFileSystem;
}

async function explore({
  states,
  seed,
  flush = "group",
  fileSystem = new MemoryFileSystem(),
}: Exploration): Promise<string[]> {
  const random = new SeededRandom(seed);
  const promised = await run(fileSystem, flush);
  const violations: string[] = [];
  for (let i = 0; i < states; i++) {
    const operations = random.nextInt(fileSystem.trace.length + 1);
    const writes = random.pick(LOST_WRITES);
    const names = random.pick(LOST_NAMES);
    const state = buildCrashState(fileSystem.trace, {
      operations,
      writes,
      names,
      random: random.fork(),
    });
    const where = `power loss after ${operations} operations, writes ${writes}, names ${names}`;
    try {
      for (const violation of await violationsOf(state, promised, operations))
        violations.push(`${where}: ${violation}`);
    } catch (error) {
      violations.push(`${where}: ${String(error)}`);
    }
  }
  return violations;
}

test(
  `${STATES} power losses of a whole broker break no promise that it had made`,
  { timeout: 30_000 + STATES * 500 },
  async () => {
    const seed = testSeed();
    console.log(`power loss of a broker: OTTLA_SEED=${seed} OTTLA_CRASH_STATES=${STATES}`);
    expect(await explore({ states: STATES, seed })).toEqual([]);
  },
);

/** A disk that forgets to make names durable. */
class WithoutDirectorySync extends MemoryFileSystem {
  override async syncDirectory(): Promise<void> {}
  override syncDirectoryNow(): void {}
}

test.each([
  ["ottla.flush=none", "has lost", { flush: "none" }],
  ["directories that are never synced", "is gone", { fileSystem: new WithoutDirectorySync() }],
] as const)(
  "the same losses with %s break promises, so the test can see what it looks for",
  { timeout: 60_000 },
  async (_how, expected, unsafe) => {
    const violations = await explore({ states: 30, seed: 1, ...unsafe });
    expect(violations.some((violation) => violation.includes(expected))).toBe(true);
  },
);
