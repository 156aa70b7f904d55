import { Api, CompressionType, ErrorCode, ZERO_UUID } from "@ottla/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startOttla, type Ottla } from "../../start-ottla.ts";
import { batchOf, createTopic, fetchFrom, produceTo, valuesOf } from "../../test/requests.ts";
import { WireClient } from "../../test/wire-client.ts";

let ottla: Ottla;
let client: WireClient;

beforeAll(async () => {
  ottla = await startOttla({ settings: { "auto.create.topics.enable": false } });
  client = await WireClient.connect(ottla.port);
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await ottla.close();
});

/** Bytes of the CRC within a batch. */
const CRC_AT = 17;

describe("Produce", () => {
  test.each([3, 4, 5, 6, 7, 8, 9, 10, 11, 12])("version %i appends and answers with the offset", async (version) => {
    await createTopic(client, `v${version}`);
    const first = await produceTo(client, { topic: `v${version}` }, batchOf(["a", "b"]), { version });
    const second = await produceTo(client, { topic: `v${version}` }, batchOf(["c"]), { version });
    expect([first.errorCode, first.baseOffset, second.baseOffset]).toEqual([ErrorCode.NONE, 0n, 2n]);
    expect(valuesOf(await fetchFrom(client, `v${version}`, 0))).toEqual(["0:a", "1:b", "2:c"]);
  });

  test("version 13 names the topic by its id, and an unknown id is told so", async () => {
    const topicId = await createTopic(client, "by-id");
    const send = (id: string) =>
      client.send(Api.Produce, 13, {
        acks: -1,
        timeoutMs: 1000,
        topicData: [{ topicId: id, partitionData: [{ index: 0, records: batchOf(["x"]) }] }],
      });
    const known = await send(topicId);
    expect(known.responses[0]).toMatchObject({ topicId, partitionResponses: [{ errorCode: 0, baseOffset: 0n }] });
    const unknown = await send("AAAAAAAAAAAAAAAAAAAAAg");
    expect(unknown.responses[0]!.partitionResponses[0]!.errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_ID);
  });

  test.each(Object.entries(CompressionType))("stores a %s batch as it was sent", async (name, compression) => {
    await createTopic(client, `codec-${name}`);
    const batch = batchOf(["one", "two".repeat(500)], { compression });
    expect((await produceTo(client, { topic: `codec-${name}` }, batch)).errorCode).toBe(ErrorCode.NONE);
    const { records } = await fetchFrom(client, `codec-${name}`, 0);
    expect(Buffer.compare(records!.subarray(CRC_AT), batch.subarray(CRC_AT))).toBe(0);
  });

  test("an acks of 2 is refused and nothing is appended", async () => {
    await createTopic(client, "acks-2");
    expect((await produceTo(client, { topic: "acks-2" }, batchOf(["a"]), { acks: 2 })).errorCode).toBe(ErrorCode.INVALID_REQUIRED_ACKS);
    expect((await fetchFrom(client, "acks-2", 0)).highWatermark).toBe(0n);
  });

  test("with acks=0 nothing is answered, and the records are there", async () => {
    await createTopic(client, "acks-0");
    await using other = await WireClient.connect(ottla.port);
    const body = { acks: 0, timeoutMs: 1000, topicData: [{ name: "acks-0", partitionData: [{ index: 0, records: batchOf(["a"]) }] }] };
    other.sendSilently(Api.Produce, 9, body);
    await other.send(Api.ApiVersions, 0, {});
    expect(other.answered).toEqual([2]);
    expect(valuesOf(await fetchFrom(client, "acks-0", 0, { maxWaitMs: 5000 }))).toEqual(["0:a"]);
  });

  test("with acks=0 a closed connection is the only sign of a failure", async () => {
    await using other = await WireClient.connect(ottla.port);
    other.sendSilently(Api.Produce, 9, {
      acks: 0,
      timeoutMs: 1000,
      topicData: [{ name: "nowhere", partitionData: [{ index: 0, records: batchOf(["a"]) }] }],
    });
    await other.whenClosed();
  });

  test("an unknown topic or partition is told so", async () => {
    await createTopic(client, "known");
    expect((await produceTo(client, { topic: "nowhere" }, batchOf(["a"]))).errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
    expect((await produceTo(client, { topic: "known", partition: 7 }, batchOf(["a"]))).errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  });

  test("missing records and two batches at once are invalid records", async () => {
    await createTopic(client, "invalid");
    const twice = Buffer.concat([batchOf(["a"]), batchOf(["b"])]);
    for (const records of [null, new Uint8Array(), twice]) {
      expect((await produceTo(client, { topic: "invalid" }, records)).errorCode).toBe(ErrorCode.INVALID_RECORD);
    }
  });

  test("a flipped bit is a corrupt message", async () => {
    await createTopic(client, "corrupt");
    const batch = batchOf(["hello"]);
    batch[batch.length - 1]! ^= 1;
    expect((await produceTo(client, { topic: "corrupt" }, batch)).errorCode).toBe(ErrorCode.CORRUPT_MESSAGE);
  });

  test("a batch above max.message.bytes is too large, and the message names both figures", async () => {
    await createTopic(client, "large", { configs: { "max.message.bytes": "1000" } });
    const refused = await produceTo(client, { topic: "large" }, batchOf(["x".repeat(1000)]));
    expect(refused.errorCode).toBe(ErrorCode.MESSAGE_TOO_LARGE);
    expect(refused.errorMessage).toMatch(/1000/);
  });

  test("zstd is refused from versions that do not know it", async () => {
    await createTopic(client, "zstd-old");
    const batch = batchOf(["a"], { compression: CompressionType.ZSTD });
    const send = (version: number) => produceTo(client, { topic: "zstd-old" }, batch, { version });
    expect((await send(6)).errorCode).toBe(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE);
    expect((await send(7)).errorCode).toBe(ErrorCode.NONE);
  });

  test("internal topics are not written by clients", async () => {
    await client.send(Api.FindCoordinator, 3, { key: "g", keyType: 0 });
    const refused = await produceTo(client, { topic: "__consumer_offsets" }, batchOf(["x"]));
    expect(refused.errorCode).toBe(ErrorCode.INVALID_TOPIC_EXCEPTION);
  });

  test("topics called __proto__ and constructor are topics like any other", async () => {
    for (const topic of ["__proto__", "constructor"]) {
      expect((await produceTo(client, { topic }, batchOf(["x"]))).errorCode).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
      await createTopic(client, topic);
      await produceTo(client, { topic }, batchOf([topic]));
      expect(valuesOf(await fetchFrom(client, topic, 0))).toEqual([`0:${topic}`]);
    }
  });
});

describe("idempotent production", () => {
  test("five requests in flight are answered in order, and an exact repeat gets its first offset", async () => {
    await createTopic(client, "idempotent");
    const { producerId } = await client.send(Api.InitProducerId, 4, { transactionalId: null, transactionTimeoutMs: 1000 });
    const batch = (i: number) => batchOf([`r${i}`], { producerId, producerEpoch: 0, baseSequence: i });
    const answers = await Promise.all([0, 1, 2, 3, 4].map((i) => produceTo(client, { topic: "idempotent" }, batch(i))));
    expect(answers.map(({ baseOffset }) => baseOffset)).toEqual([0n, 1n, 2n, 3n, 4n]);
    const again = await produceTo(client, { topic: "idempotent" }, batch(2));
    expect([again.errorCode, again.baseOffset]).toEqual([ErrorCode.NONE, 2n]);
    const gap = await produceTo(client, { topic: "idempotent" }, batch(7));
    expect(gap.errorCode).toBe(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
    expect(valuesOf(await fetchFrom(client, "idempotent", 0))).toEqual(["0:r0", "1:r1", "2:r2", "3:r3", "4:r4"]);
  });

  test("an older producer epoch is fenced, a newer one starts at sequence 0", async () => {
    await createTopic(client, "epochs");
    const send = (producerEpoch: number, baseSequence: number) =>
      produceTo(client, { topic: "epochs" }, batchOf(["x"], { producerId: 4711n, producerEpoch, baseSequence }));
    expect((await send(1, 0)).errorCode).toBe(ErrorCode.NONE);
    expect((await send(0, 1)).errorCode).toBe(ErrorCode.INVALID_PRODUCER_EPOCH);
    expect((await send(2, 5)).errorCode).toBe(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER);
    expect((await send(2, 0)).errorCode).toBe(ErrorCode.NONE);
  });
});

test("many topics and partitions in one request are answered one by one", async () => {
  await createTopic(client, "many", { numPartitions: 3 });
  const answer = await client.send(Api.Produce, 12, {
    acks: 1,
    timeoutMs: 1000,
    topicData: [
      { name: "many", topicId: ZERO_UUID, partitionData: [0, 1, 2, 3].map((index) => ({ index, records: batchOf([`p${index}`]) })) },
      { name: "none", partitionData: [{ index: 0, records: batchOf(["x"]) }] },
    ],
  });
  expect(answer.responses.map((topic) => topic.partitionResponses.map(({ errorCode }) => errorCode))).toEqual([[0, 0, 0, 3], [3]]);
});
