import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Api, ErrorCode } from "@ottla/protocol";
import { SeededRandom } from "@ottla/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startOttla, type Ottla } from "../start-ottla.ts";
import { batchOf, createTopic, fetchFrom, produceTo, valuesOf } from "../test/requests.ts";
import { WireClient } from "../test/wire-client.ts";
import { RecordingLogger, attack } from "./attack.ts";
import {
  frameOf,
  sampleRequest,
  servedVersions,
  textFields,
  type Known,
} from "./request-samples.ts";

const PATIENCE_MS = 10_000;
const HOSTILE = [
  "",
  ".",
  "..",
  "../../escaped",
  "a/b",
  "/etc/escaped",
  "a\\b",
  "nul\0escaped",
  "n".repeat(250),
  "line\r\nfatal: escaped",
  "\u001b[31mescaped",
  "__proto__",
  "constructor",
  "hasOwnProperty",
  "__consumer_offsets",
  "ottla.metadata",
  "\ud800",
  "né",
  "$(escaped)",
  "%s%n",
] as const;

const logger = new RecordingLogger();
let root: string;
let ottla: Ottla;
let client: WireClient;
let known: Known;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "ottla-names-"));
  mkdirSync(join(root, "parent"));
  ottla = await startOttla({
    logger,
    directory: join(root, "parent", "data"),
    // Fewer syncs: it is names that are tested here.
    settings: { "ottla.flush": "none", "offsets.topic.num.partitions": 1 },
  });
  client = await WireClient.connect(ottla.port);
  known = { topic: "names", group: "names-group", topicId: await createTopic(client, "names") };
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await ottla.close();
  rmSync(root, { recursive: true, force: true });
});

/** Everything below the root but what the data directory holds. */
function outside(): string[] {
  return [
    ...readdirSync(root),
    ...readdirSync(join(root, "parent")).map((name) => `parent/${name}`),
  ];
}

function topicDirectories(): string[] {
  return readdirSync(join(root, "parent", "data"), { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? [entry.name] : [],
  );
}

const lowestAndHighest = servedVersions().filter(
  ({ api }, index, all) => all[index - 1]?.api !== api || all[index + 1]?.api !== api,
);

test.each(HOSTILE.map((name) => [name]))(
  "%j in any text field of any API is answered or ends the connection, and leaves nothing outside",
  async (name) => {
    const random = new SeededRandom(1);
    let groups = 0;
    for (const where of lowestAndHighest) {
      for (const target of textFields(where)) {
        const body = sampleRequest(where, known, random, (path) => {
          if (path === target) return name;
          // Members that never come back would rightly make the next one wait for them.
          if (where.api.key === Api.JoinGroup.key && path === "groupId")
            return `${name.length}-${name.codePointAt(0)}-${groups++}`;
          // The topic that all other requests name stays.
          return where.api.key === Api.DeleteTopics.key && path.endsWith("topicId")
            ? "AAAAAAAAAAAAAAAAAAAAAQ"
            : undefined;
        });
        const reaction = await attack(ottla.port, frameOf(where, body), PATIENCE_MS);
        expect(reaction, `${where.api.name} version ${where.version}, ${target}`).not.toBe(
          "silent",
        );
      }
    }
    expect(
      await attack(
        ottla.port,
        frameOf({ api: Api.ApiVersions, version: 0 }, {}, name),
        PATIENCE_MS,
      ),
    ).toBe("answered");
    expect(outside()).toEqual(["parent", "parent/data"]);
    for (const directory of topicDirectories()) expect(directory).toMatch(/^[a-zA-Z0-9._-]+$/);
    expect(logger.errors).toEqual([]);
  },
);

test("nothing from the wire reaches a log line unescaped", () => {
  expect(logger.lines.length).toBeGreaterThan(100);
  const control = /\p{Cc}/u;
  for (const { message, fields } of logger.lines) {
    expect(message).not.toMatch(control);
    for (const value of Object.values(fields))
      if (typeof value === "string") expect(value).not.toMatch(control);
  }
});

test.each(["__proto__", "constructor", "hasOwnProperty", "toString"])(
  "%s is a topic and a group like any other",
  async (name) => {
    const { topics } = await client.send(Api.DescribeTopicPartitions, 0, {
      topics: [{ name }],
      responsePartitionLimit: 10,
    });
    if (topics[0]?.errorCode !== 0) await createTopic(client, name);
    const first = await produceTo(client, { topic: name }, batchOf(["kept"]));
    expect(first.errorCode).toBe(0);
    expect(valuesOf(await fetchFrom(client, name, Number(first.baseOffset)))).toEqual([
      `${first.baseOffset}:kept`,
    ]);
    const committed = {
      name,
      partitions: [
        {
          partitionIndex: 0,
          committedOffset: 5n,
          committedLeaderEpoch: -1,
          committedMetadata: name,
        },
      ],
    };
    await client.send(Api.FindCoordinator, 4, { keyType: 0, coordinatorKeys: [name] });
    const commit = await client.send(Api.OffsetCommit, 8, {
      groupId: name,
      generationIdOrMemberEpoch: -1,
      topics: [committed],
    });
    expect(commit.topics[0]!.partitions[0]!.errorCode).toBe(0);
    const fetched = await client.send(Api.OffsetFetch, 8, {
      groups: [{ groupId: name, topics: [{ name, partitionIndexes: [0] }] }],
    });
    expect(fetched.groups[0]!.topics[0]!.partitions[0]).toMatchObject({
      committedOffset: 5n,
      metadata: name,
      errorCode: 0,
    });
  },
);

test("a.b and a_b cannot both be topics, as in Kafka, and data never mixes", async () => {
  await createTopic(client, "mix.ed");
  const { topics } = await client.send(Api.CreateTopics, 7, {
    topics: [{ name: "mix_ed", numPartitions: 1, replicationFactor: 1 }],
    timeoutMs: 10_000,
  });
  expect(topics[0]!.errorCode).toBe(ErrorCode.INVALID_TOPIC_EXCEPTION);
  expect((await produceTo(client, { topic: "mix_ed" }, batchOf(["stray"]))).errorCode).toBe(
    ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  );
  expect((await fetchFrom(client, "mix.ed", 0)).highWatermark).toBe(0n);
});
