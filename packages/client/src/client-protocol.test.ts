import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import {
  Api,
  apis,
  ByteReader,
  decodeRequestHeader,
  encodeResponseFrame,
  ErrorCode,
  FrameSplitter,
  RecordBatchView,
  type ApiDefinition,
  type ProduceRequest,
} from "@ottla/protocol";
import { afterEach, expect, test } from "vitest";
import { Admin, Producer } from "./index.ts";

interface Asked {
  readonly name: string;
  readonly version: number;
  readonly body: unknown;
}
type Answer = object | "silence" | "disconnect" | Uint8Array;
type Script = (asked: Asked) => Answer | Promise<Answer> | undefined;

/** A broker on a real socket that says what the test tells it to, and what a healthy one would otherwise. */
class ScriptedBroker {
  readonly asked: Asked[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #script: Script;
  #nextProducerId = 100n;

  private constructor(script: Script) {
    this.#script = script;
    this.#server = createServer((socket) => this.#serve(socket));
  }

  static async start(script: Script = () => undefined): Promise<ScriptedBroker> {
    const broker = new ScriptedBroker(script);
    await new Promise<void>((resolve) => broker.#server.listen(0, "127.0.0.1", resolve));
    return broker;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  count(name: string): number {
    return this.asked.filter((asked) => asked.name === name).length;
  }

  stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on("close", () => this.#sockets.delete(socket)).on("error", () => {});
    const splitter = new FrameSplitter({ maxFrameBytes: 1_000_000 });
    let turn = Promise.resolve();
    socket.on("data", (chunk: Uint8Array) => {
      for (const frame of splitter.push(chunk)) turn = turn.then(() => this.#answer(socket, frame));
    });
  }

  async #answer(socket: Socket, frame: Uint8Array): Promise<void> {
    const { apiKey, apiVersion, correlationId, bodyOffset } = decodeRequestHeader(frame);
    const api = apis.get(apiKey) as ApiDefinition;
    const reader = new ByteReader(frame);
    reader.offset = bodyOffset;
    const asked = {
      name: api.name,
      version: apiVersion,
      body: api.request.decode(reader, apiVersion),
    };
    this.asked.push(asked);
    const answer = (await this.#script(asked)) ?? this.#healthy(asked);
    if (answer === "silence") return;
    if (answer === "disconnect") socket.destroy();
    else if (answer instanceof Uint8Array) socket.write(answer);
    else
      for (const part of encodeResponseFrame(api, apiVersion, correlationId, answer))
        socket.write(part);
  }

  #healthy({ name, body }: Asked): object {
    switch (name) {
      case "ApiVersions":
        return {
          apiKeys: [...apis.values()].map(({ key, validVersions: { min, max } }) => ({
            apiKey: key,
            minVersion: min,
            maxVersion: max,
          })),
        };
      case "Metadata":
        return metadataOf(this.port);
      case "InitProducerId":
        return { producerId: this.#nextProducerId++, producerEpoch: 0 };
      case "Produce":
        return produced(body as ProduceRequest, ErrorCode.NONE);
      default:
        throw new Error(`the script has no answer to ${name}`);
    }
  }
}

const TOPIC_ID = "q83vEjRWeJCrze8SNFZ4kA";

function metadataOf(port: number): object {
  const partitions = [
    { partitionIndex: 0, leaderId: 1, leaderEpoch: 3, replicaNodes: [1], isrNodes: [1] },
  ];
  return {
    brokers: [{ nodeId: 1, host: "127.0.0.1", port }],
    controllerId: 1,
    topics: [{ name: "t", topicId: TOPIC_ID, partitions }],
  };
}

function produced(request: ProduceRequest, errorCode: number): object {
  return {
    responses: request.topicData.map(({ name, topicId, partitionData }) => ({
      name,
      topicId,
      partitionResponses: partitionData.map(({ index }) => ({ index, errorCode, baseOffset: 40n })),
    })),
  };
}

function batches(
  broker: ScriptedBroker,
): { producerId: bigint; baseSequence: number; recordCount: number }[] {
  return broker.asked
    .filter(({ name }) => name === "Produce")
    .map(
      ({ body }) =>
        new RecordBatchView((body as ProduceRequest).topicData[0]!.partitionData[0]!.records!),
    )
    .map(({ producerId, baseSequence, recordCount }) => ({
      producerId,
      baseSequence,
      recordCount,
    }));
}

let broker: ScriptedBroker;
const open: { close(options?: { timeoutMs?: number }): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(open.splice(0).map((part) => part.close({ timeoutMs: 50 })));
  await broker.stop();
});

function newProducer(options: Partial<ConstructorParameters<typeof Producer>[0]> = {}): Producer {
  const bootstrapServers = `127.0.0.1:${broker.port}`;
  const producer = new Producer({ bootstrapServers, retryBackoffMs: 5, ...options });
  open.push(producer);
  return producer;
}

const value = { messages: [{ value: "x" }], topic: "t" };

test("a broker that refuses the version of ApiVersions is asked again with one that it has", async () => {
  // Correlation id 0, error 35, one api: ApiVersions 0 to 0, in the form of version 0.
  const refusal = Uint8Array.from([0, 0, 0, 16, 0, 0, 0, 0, 0, 35, 0, 0, 0, 1, 0, 18, 0, 0, 0, 0]);
  broker = await ScriptedBroker.start(({ name, version }) =>
    name === "ApiVersions" && version > 0 ? refusal : undefined,
  );
  await newProducer().partitionsFor("t");
  expect(broker.asked.slice(0, 2).map(({ name, version }) => [name, version])).toEqual([
    ["ApiVersions", 3],
    ["ApiVersions", 0],
  ]);
});

test("a batch whose answer was lost is sent again under the same sequence", async () => {
  let lost = 2;
  broker = await ScriptedBroker.start(({ name }) =>
    name === "Produce" && lost-- > 0 ? "disconnect" : undefined,
  );
  const [stored] = await newProducer().send(value);
  expect(stored).toMatchObject({ topic: "t", partition: 0, offset: 40 });
  const once = { producerId: 100n, baseSequence: 0, recordCount: 1 };
  expect(batches(broker)).toEqual([once, once, once]);
});

test("an error that passes is retried after new metadata, one that does not is thrown with its name", async () => {
  const codes = [ErrorCode.NOT_LEADER_OR_FOLLOWER, ErrorCode.NONE, ErrorCode.INVALID_RECORD];
  broker = await ScriptedBroker.start(({ name, body }) =>
    name === "Produce"
      ? produced(body as ProduceRequest, codes.shift() ?? ErrorCode.NONE)
      : undefined,
  );
  const producer = newProducer();
  await producer.send(value);
  expect(broker.count("Metadata")).toBeGreaterThanOrEqual(2);
  await expect(producer.send(value)).rejects.toMatchObject({
    name: "INVALID_RECORD",
    code: 87,
    retriable: false,
  });
  await producer.send(value);
  expect(batches(broker).map(({ baseSequence }) => baseSequence)).toEqual([0, 0, 1, 1]);
});

test("a gap in the broker's state is closed by a new producer id and sequences from zero", async () => {
  const codes: number[] = [ErrorCode.NONE, ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER];
  broker = await ScriptedBroker.start(({ name, body }) =>
    name === "Produce"
      ? produced(body as ProduceRequest, codes.shift() ?? ErrorCode.NONE)
      : undefined,
  );
  const producer = newProducer();
  for (let index = 0; index < 3; index++) await producer.send(value);
  const seen = batches(broker).map(({ producerId, baseSequence }) => [producerId, baseSequence]);
  expect(seen).toEqual([
    [100n, 0],
    [100n, 1],
    [101n, 0],
    [101n, 1],
  ]);
});

test("never more requests are on their way than allowed, and order is kept", async () => {
  let inFlight = 0;
  let most = 0;
  const held: (() => void)[] = [];
  broker = await ScriptedBroker.start(async ({ name }) => {
    if (name !== "Produce") return undefined;
    most = Math.max(most, ++inFlight);
    await new Promise<void>((resolve) => held.push(resolve));
    inFlight -= 1;
    return undefined;
  });
  const producer = newProducer({ batchSize: 100, maxInFlightRequests: 2 });
  const sends = Array.from({ length: 6 }, (_, index) =>
    producer.send({ topic: "t", messages: [{ value: `${index}`.padEnd(80, ".") }] }),
  );
  const release = setInterval(() => held.shift()?.(), 5);
  await Promise.all(sends);
  clearInterval(release);
  expect(most).toBeLessThanOrEqual(2);
  expect(batches(broker).map(({ baseSequence }) => baseSequence)).toEqual([0, 1, 2, 3, 4, 5]);
});

test("without an answer the record fails when its delivery time is over, and says why", async () => {
  broker = await ScriptedBroker.start(({ name }) => (name === "Produce" ? "silence" : undefined));
  const producer = newProducer({ requestTimeoutMs: 60, deliveryTimeoutMs: 150 });
  await expect(producer.send(value)).rejects.toMatchObject({
    name: "TimeoutError",
    message: expect.stringMatching(
      /t-0: not delivered within 150 ms: no answer to Produce from 127\.0\.0\.1:\d+ within 60 ms/,
    ),
  });
});

test("send waits while the buffer is full and goes on when there is room", async () => {
  let release: (() => void) | undefined;
  broker = await ScriptedBroker.start(async ({ name }) => {
    if (name === "Produce" && release === undefined)
      await new Promise<void>((resolve) => (release = resolve));
    return undefined;
  });
  const producer = newProducer({ maxRequestSize: 1_000, bufferMemory: 1_000, batchSize: 1_000 });
  const big = { topic: "t", messages: [{ value: "x".repeat(800) }] };
  const first = producer.send(big);
  let isSecondDone = false;
  const second = producer.send(big).then(() => (isSecondDone = true));
  await expect.poll(() => release).toBeDefined();
  expect(broker.count("Produce")).toBe(1);
  expect(isSecondDone).toBe(false);
  release?.();
  await Promise.all([first, second]);
  expect(broker.count("Produce")).toBe(2);
});

test("bytes that are no answer end the connection with a clear error", async () => {
  const garbage = Uint8Array.from([0, 0, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8]);
  broker = await ScriptedBroker.start(({ name }) => (name === "Metadata" ? garbage : undefined));
  const admin = new Admin({ bootstrapServers: `127.0.0.1:${broker.port}`, apiTimeoutMs: 100 });
  open.push(admin);
  await expect(admin.listTopics()).rejects.toMatchObject({
    name: "ConnectionError",
    message: expect.stringContaining("does not speak Kafka's protocol"),
  });
});

test("an api that the broker does not serve is named", async () => {
  broker = await ScriptedBroker.start(({ name }) =>
    name === "ApiVersions"
      ? { apiKeys: [{ apiKey: Api.Metadata.key, minVersion: 0, maxVersion: 9 }] }
      : undefined,
  );
  const admin = new Admin({ bootstrapServers: `127.0.0.1:${broker.port}` });
  open.push(admin);
  await expect(admin.describeCluster()).rejects.toThrow(
    "the broker does not serve DescribeCluster",
  );
});

test("closing fails what cannot be delivered and leaves no connection open", async () => {
  broker = await ScriptedBroker.start(({ name }) => (name === "Produce" ? "silence" : undefined));
  const producer = newProducer();
  const sent = producer.send(value);
  const outcome = expect(sent).rejects.toMatchObject({ name: "TimeoutError" });
  await expect.poll(() => broker.count("Produce")).toBe(1);
  await producer.close({ timeoutMs: 50 });
  await outcome;
  await expect(producer.send(value)).rejects.toMatchObject({ name: "ClosedError" });
});
