import {
  Api,
  decodeResponseFrame,
  encodeRequestFrame,
  errorInfo,
  FrameSplitter,
  RecordBatchBuilder,
  type ApiDefinition,
  type MessageInput,
} from "@ottla/protocol";
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

const RESPONSE_BYTES_MAX = 16 * 2 ** 20;
/** Creating 10,000 partitions takes its time. */
const REQUEST_TIMEOUT_MS = 120_000;

/** How often a starting broker is asked; also the resolution of start times. */
const RETRY_MS = 2;

/** Versions that both brokers have; the oldest that do what is needed, so that no negotiation is required. */
const CREATE_TOPICS_VERSION = 5;
const DELETE_TOPICS_VERSION = 4;
const PRODUCE_VERSION = 9;

const ALTER_CONFIGS_VERSION = 0;
/** The last before topics go by their id. */
const FETCH_VERSION = 12;

const ACKS_ALL = -1;
const CONFIG_SET = 0;
const TOPIC_RESOURCE = 2;

/** One connection and one request at a time: for administration, and for the first record after a start. */
export class WireClient {
  readonly #socket: Socket;
  readonly #splitter = new FrameSplitter({ maxFrameBytes: RESPONSE_BYTES_MAX });
  #waiting: ((frame: Uint8Array | Error) => void) | undefined;
  #correlationId = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.setTimeout(REQUEST_TIMEOUT_MS, () => socket.destroy(new Error("no response in time")));
    socket.on("data", (chunk: Buffer) => {
      for (const frame of this.#splitter.push(chunk)) this.#waiting?.(frame);
    });
    socket.on("error", (error) => this.#waiting?.(error));
    socket.on("close", () => this.#waiting?.(new Error("the broker closed the connection")));
  }

  static async connect(port: number): Promise<WireClient> {
    const socket = connect(port, "127.0.0.1");
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    socket.removeAllListeners("error");
    return new WireClient(socket);
  }

  async request<Req, Res>(
    api: ApiDefinition<Req, Res>,
    version: number,
    body: MessageInput<Req>,
  ): Promise<Res> {
    const options = { correlationId: ++this.#correlationId, clientId: "ottla-benchmarks" };
    const chunks = encodeRequestFrame(api, version, options, body);
    const frame = new Promise<Uint8Array | Error>((resolve) => (this.#waiting = resolve));
    this.#socket.write(Buffer.concat(chunks));
    const answer = await frame;
    this.#waiting = undefined;
    if (answer instanceof Error) throw answer;
    return decodeResponseFrame(api, version, answer).body;
  }

  async createTopic(
    name: string,
    partitions: number,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    await this.createTopics([name], partitions, settings);
  }

  async createTopics(
    names: readonly string[],
    partitions: number,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const configs = Object.entries(settings).map(([key, value]) => ({ name: key, value }));
    const response = await this.request(Api.CreateTopics, CREATE_TOPICS_VERSION, {
      topics: names.map((name) => ({
        name,
        numPartitions: partitions,
        replicationFactor: 1,
        configs,
      })),
      timeoutMs: REQUEST_TIMEOUT_MS,
    });
    for (const { name, errorCode } of response.topics) throwOnError(errorCode, `creating ${name}`);
  }

  /** Changes settings of a topic while it is used. */
  async alterTopic(name: string, settings: Readonly<Record<string, string>>): Promise<void> {
    const configs = Object.entries(settings).map(([key, value]) => ({
      name: key,
      configOperation: CONFIG_SET,
      value,
    }));
    const response = await this.request(Api.IncrementalAlterConfigs, ALTER_CONFIGS_VERSION, {
      resources: [{ resourceType: TOPIC_RESOURCE, resourceName: name, configs }],
    });
    throwOnError(response.responses[0]?.errorCode, `changing the settings of ${name}`);
  }

  /** Bytes of the batches from there on, which are of one at least. */
  async fetch(topic: string, partition: number, offset: number, maxBytes: number): Promise<number> {
    const response = await this.request(Api.Fetch, FETCH_VERSION, {
      maxWaitMs: 0,
      minBytes: 1,
      maxBytes,
      topics: [
        {
          topic,
          partitions: [{ partition, fetchOffset: BigInt(offset), partitionMaxBytes: maxBytes }],
        },
      ],
    });
    const answer = response.responses[0]?.partitions[0];
    throwOnError(answer?.errorCode, `fetching ${topic}`);
    return answer?.records?.length ?? 0;
  }

  async deleteTopic(name: string): Promise<void> {
    await this.deleteTopics([name]);
  }

  async deleteTopics(names: readonly string[]): Promise<void> {
    const response = await this.request(Api.DeleteTopics, DELETE_TOPICS_VERSION, {
      topicNames: [...names],
      timeoutMs: REQUEST_TIMEOUT_MS,
    });
    for (const { name, errorCode } of response.responses)
      throwOnError(errorCode, `deleting ${name}`);
  }

  /** One record, acknowledged by all replicas. */
  async produceOne(topic: string, partition = 0): Promise<void> {
    const builder = new RecordBatchBuilder({});
    builder.append({ timestamp: Date.now(), key: null, value: Buffer.from("first") });
    const response = await this.request(Api.Produce, PRODUCE_VERSION, {
      acks: ACKS_ALL,
      timeoutMs: REQUEST_TIMEOUT_MS,
      topicData: [{ name: topic, partitionData: [{ index: partition, records: builder.build() }] }],
    });
    throwOnError(response.responses[0]?.partitionResponses[0]?.errorCode, `producing to ${topic}`);
  }

  close(): void {
    this.#socket.destroy();
  }
}

function throwOnError(code: number | undefined, what: string): void {
  if (code === 0) return;
  throw new Error(
    `${what} failed: ${code === undefined ? "empty response" : errorInfo(code).name}`,
  );
}

/** Tries until it succeeds: a starting broker refuses connections, then requests. Gives up when `isRunning` says so. */
export async function untilServed<T>(
  timeoutMs: number,
  attempt: () => Promise<T>,
  isRunning: () => boolean = () => true,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      if (!isRunning()) throw new Error("the broker ended", { cause: error });
      await sleep(RETRY_MS);
    }
  }
}

/** Runs one piece of administration on a connection of its own. */
export async function withWireClient<T>(
  port: number,
  work: (client: WireClient) => Promise<T>,
): Promise<T> {
  const client = await WireClient.connect(port);
  try {
    return await work(client);
  } finally {
    client.close();
  }
}
