/**
 * read_committed over real sockets. Transactional batches and their markers are appended to the partition as the
 * transaction coordinator does it; what Fetch and ListOffsets answer was seen of Apache Kafka 4.3.
 */
import { Api, ErrorCode, buildControlBatch, iterateBatches } from "@ottla/protocol";
import { allocateWhenSpace, type AppendRequest } from "@ottla/storage";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { startOttla, type Ottla } from "../../start-ottla.ts";
import { batchOf, createTopic, fetchFrom, produceTo } from "../../test/requests.ts";
import { WireClient } from "../../test/wire-client.ts";

const READ_COMMITTED = 1;
const COORDINATOR_EPOCH = 0;

let ottla: Ottla;
let client: WireClient;
let topic = "";
let topics = 0;

beforeAll(async () => {
  ottla = await startOttla();
  client = await WireClient.connect(ottla.port);
});

afterAll(async () => {
  await client[Symbol.asyncDispose]();
  await ottla.close();
});

beforeEach(async () => {
  topic = `t${(topics += 1)}`;
  await createTopic(client, topic);
});

const partition = () => ottla.broker.services.partitions.get(topic, 0)!;

async function append(
  batch: Uint8Array,
  how: Pick<AppendRequest, "origin" | "transaction">,
): Promise<number> {
  const records = await allocateWhenSpace(ottla.broker.services.engine.slabs, batch.length);
  records.bytes.set(batch);
  const outcome = await partition().append({ records, ...how }, -1);
  records.release();
  if (!outcome.ok) throw new Error(`refused with ${outcome.errorCode}: ${outcome.message}`);
  return outcome.baseOffset;
}

/** A producer whose transactions go into the one partition. */
class Transactions {
  readonly producerId: bigint;
  #sequence = 0;

  constructor(producerId: bigint) {
    this.producerId = producerId;
  }

  write(...values: string[]): Promise<number> {
    const baseSequence = this.#sequence;
    this.#sequence += values.length;
    const { producerId } = this;
    const batch = batchOf(values, {
      producerId,
      producerEpoch: 0,
      baseSequence,
      transactional: true,
    });
    return append(batch, { origin: "client", transaction: "verified" });
  }

  end(type: "commit" | "abort"): Promise<number> {
    const { producerId } = this;
    const marker = { type, producerId, producerEpoch: 0, coordinatorEpoch: COORDINATOR_EPOCH };
    return append(buildControlBatch({ ...marker, timestamp: Date.now() }), {
      origin: "coordinator",
    });
  }
}

async function committed(
  offset: number,
  options: { maxWaitMs?: number; partitionMaxBytes?: number; by?: WireClient } = {},
) {
  const { by = client, ...rest } = options;
  const found = await fetchFrom(by, topic, offset, { ...rest, isolationLevel: READ_COMMITTED });
  const batches = found.records ? [...iterateBatches(found.records)] : [];
  return {
    errorCode: found.errorCode,
    offsets: batches.map(({ baseOffset }) => Number(baseOffset)),
    aborted:
      found.abortedTransactions?.map((one) => [one.producerId, Number(one.firstOffset)]) ?? null,
    lastStableOffset: Number(found.lastStableOffset),
    highWatermark: Number(found.highWatermark),
  };
}

async function list(timestamp: number, isolationLevel: number): Promise<number> {
  const { topics: answers } = await client.send(Api.ListOffsets, 7, {
    replicaId: -1,
    isolationLevel,
    topics: [
      {
        name: topic,
        partitions: [{ partitionIndex: 0, currentLeaderEpoch: -1, timestamp: BigInt(timestamp) }],
      },
    ],
  });
  return Number(answers[0]!.partitions[0]!.offset);
}

/** plain@0, a b@1-2 aborted@3, c@4 committed@5, d@6 open, plain@7: what the comparison with Kafka used. */
async function mixedLog(): Promise<Transactions> {
  const transactions = new Transactions(7n);
  await produceTo(client, { topic }, batchOf(["plain"]));
  await transactions.write("a", "b");
  await transactions.end("abort");
  await transactions.write("c");
  await transactions.end("commit");
  await transactions.write("d");
  await produceTo(client, { topic }, batchOf(["plain"]));
  return transactions;
}

describe("a consumer in read_committed", () => {
  test("sees nothing of an open transaction, nor anything behind it", async () => {
    const transactions = new Transactions(1n);
    await produceTo(client, { topic }, batchOf(["plain"]));
    await transactions.write("a", "b");
    await produceTo(client, { topic }, batchOf(["behind"]));
    const nothing = { errorCode: 0, aborted: [], lastStableOffset: 1, highWatermark: 4 };
    expect(await committed(0)).toEqual({ ...nothing, offsets: [0] });
    for (const offset of [1, 2, 3, 4])
      expect(await committed(offset)).toEqual({ ...nothing, offsets: [] });
    expect((await committed(5)).errorCode).toBe(ErrorCode.OFFSET_OUT_OF_RANGE);
  });

  test("is given control batches too, and the aborted transactions of what it is given", async () => {
    await mixedLog();
    const positions = { errorCode: 0, lastStableOffset: 6, highWatermark: 8 };
    expect(await committed(0)).toEqual({
      ...positions,
      offsets: [0, 1, 3, 4, 5],
      aborted: [[7n, 1]],
    });
    expect(await committed(2)).toEqual({ ...positions, offsets: [1, 3, 4, 5], aborted: [[7n, 1]] });
    expect(await committed(3)).toEqual({ ...positions, offsets: [3, 4, 5], aborted: [[7n, 1]] });
    expect(await committed(4)).toEqual({ ...positions, offsets: [4, 5], aborted: [] });
    expect(await committed(6)).toEqual({ ...positions, offsets: [], aborted: [] });
    expect(await committed(2, { partitionMaxBytes: 1 })).toEqual({
      ...positions,
      offsets: [1],
      aborted: [[7n, 1]],
    });
    expect(await committed(4, { partitionMaxBytes: 1 })).toEqual({
      ...positions,
      offsets: [4],
      aborted: [],
    });
  });

  test("in read_uncommitted everything is given, null is the list, and the last stable offset is told all the same", async () => {
    await mixedLog();
    const found = await fetchFrom(client, topic, 0);
    expect([...iterateBatches(found.records!)].map(({ baseOffset }) => Number(baseOffset))).toEqual(
      [0, 1, 3, 4, 5, 6, 7],
    );
    expect(found).toMatchObject({
      abortedTransactions: null,
      lastStableOffset: 6n,
      highWatermark: 8n,
    });
  });

  test("a list is empty where a topic is unknown and null where the log refuses", async () => {
    await produceTo(client, { topic }, batchOf(["a"]));
    expect(await committed(9)).toMatchObject({
      errorCode: ErrorCode.OFFSET_OUT_OF_RANGE,
      aborted: null,
    });
    const absent = await fetchFrom(client, "absent", 0, { isolationLevel: READ_COMMITTED });
    expect(absent).toMatchObject({
      errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
      abortedTransactions: [],
    });
    expect((await fetchFrom(client, "absent", 0)).abortedTransactions).toEqual([]);
  });

  test.each(["commit", "abort"] as const)(
    "waits at an open transaction and is woken by its %s",
    async (end) => {
      const transactions = new Transactions(1n);
      await transactions.write("a");
      await using other = await WireClient.connect(ottla.port);
      const waiting = committed(0, { maxWaitMs: 20_000, by: other });
      await produceTo(client, { topic }, batchOf(["does not wake it for good"]));
      await transactions.end(end);
      expect(await waiting).toMatchObject({
        offsets: [0, 1, 2],
        aborted: end === "abort" ? [[1n, 0]] : [],
      });
    },
  );

  test("interleaved producers: each aborted one is listed, a committed one is not", async () => {
    const [one, two, three] = [new Transactions(1n), new Transactions(2n), new Transactions(3n)];
    await one.write("a");
    await two.write("b");
    await three.write("c");
    await two.end("abort");
    await three.end("commit");
    expect(await committed(0)).toMatchObject({ offsets: [], lastStableOffset: 0 });
    await one.end("abort");
    const { aborted, offsets, lastStableOffset } = await committed(0);
    expect(offsets).toEqual([0, 1, 2, 3, 4, 5]);
    expect(lastStableOffset).toBe(6);
    expect(aborted?.sort()).toEqual([
      [1n, 0],
      [2n, 1],
    ]);
  });
});

describe("ListOffsets", () => {
  test("latest is the last stable offset in read_committed, and what lies behind it has no timestamp", async () => {
    await mixedLog();
    expect([await list(-1, 0), await list(-1, READ_COMMITTED)]).toEqual([8, 6]);
    expect([await list(-2, 0), await list(-2, READ_COMMITTED)]).toEqual([0, 0]);
    expect(await list(Date.now() - 60_000, READ_COMMITTED)).toBe(0);
    const behind = Date.now() + 60_000;
    await produceTo(client, { topic }, batchOf(["late"], { timestamp: behind }));
    expect([await list(behind, 0), await list(behind, READ_COMMITTED)]).toEqual([8, -1]);
    expect([await list(-3, 0), await list(-3, READ_COMMITTED)]).toEqual([8, -1]);
  });

  test("follows the transaction when it ends", async () => {
    const transactions = await mixedLog();
    await transactions.end("commit");
    expect([await list(-1, 0), await list(-1, READ_COMMITTED)]).toEqual([9, 9]);
  });
});
