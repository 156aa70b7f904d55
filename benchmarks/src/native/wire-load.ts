import { Api, encodeRequestFrame, RecordBatchBuilder } from "@ottla/protocol";
import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { runClient } from "../clients/client-process.ts";
import type { Percentiles } from "../clients/load.ts";
import { compileNative } from "./compile-native.ts";

const SOURCE = fileURLToPath(new URL("wire-load.c", import.meta.url));

/** Both brokers have it; the last but three in which topics go by their name and need no look-up. */
const PRODUCE_VERSION = 9;
const API_VERSIONS_VERSION = 3;
const ACKS_ALL = -1;
const REQUEST_TIMEOUT_MS = 30_000;
const CLIENT = { correlationId: 1, clientId: "ottla-benchmarks" };

/** In a Produce response of version 9, behind its length: correlation id, tags, count of topics, length of the name. */
const BEFORE_NAME_BYTES = 4 + 1 + 1 + 1;
/** Behind the name: count of partitions and index of the partition. */
const BEFORE_ERROR_BYTES = 1 + 4;
/** A longer name has a length of two bytes. */
const NAME_BYTES_MAX = 126;

/** What one topic gets: a batch that is built once and sent to each partition in turn. */
export interface LoadTopic {
  readonly name: string;
  readonly partitions: number;
  readonly recordBytes: number;
  readonly recordsPerBatch: number;
  /** Keys of the records; without them records have none. */
  readonly keyOf?: (record: number) => string;
}

export interface WireLoadRun {
  readonly port: number;
  readonly topics: readonly LoadTopic[];
  readonly connections: number;
  /** How many of them produce; the others are open and idle. */
  readonly active: number;
  /** Requests under way on each of them. */
  readonly depth: number;
  readonly warmUpSeconds: number;
  readonly seconds: number;
  /** Ends after so many acknowledgements instead. */
  readonly requests?: number;
}

export interface WireLoadResult {
  readonly megabytesPerSecond: number;
  /** From sending a request to its acknowledgement. */
  readonly latencyMs: Percentiles;
  readonly requests: number;
}

/** Our load generator without a client library, in C: it costs the processors almost nothing. */
export class WireLoad {
  readonly #program: string;
  readonly #directory: string;
  #plans = 0;

  private constructor(program: string, directory: string) {
    this.#program = program;
    this.#directory = directory;
  }

  /** `directory` is for the frames that are sent. */
  static async compile(directory: string): Promise<WireLoad> {
    const native = { name: "wire-load", source: SOURCE, libraries: [], needs: "gcc" };
    return new WireLoad(await compileNative(native), directory);
  }

  async produce(run: WireLoadRun): Promise<WireLoadResult> {
    const { port, topics, connections, active, depth, warmUpSeconds, seconds, requests = 0 } = run;
    this.#plans++;
    const plan = path.join(this.#directory, `frames-${this.#plans}`);
    writeFileSync(plan, encodePlan(topics));
    try {
      const numbers = [connections, active, depth, warmUpSeconds, seconds, requests].map(String);
      const parameters = ["produce", String(port), plan, ...numbers];
      const { stdout } = await runClient(this.#program, parameters, 0);
      return resultOf(stdout, topics, requests > 0);
    } finally {
      rmSync(plan);
    }
  }

  /** MB/s through a bare socket pair on loopback. */
  async loopback(bytes: number, chunkBytes: number): Promise<number> {
    const parameters = ["loopback", String(bytes), String(chunkBytes)];
    const { stdout } = await runClient(this.#program, parameters, 0);
    return bytes / 1e6 / (JSON.parse(stdout) as { seconds: number }).seconds;
  }
}

interface WireLoadOutput {
  readonly seconds: number;
  readonly requests: number;
  readonly totalSeconds: number;
  readonly totalRequests: number;
  readonly wroteAll: boolean;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
}

function resultOf(
  stdout: string,
  topics: readonly LoadTopic[],
  countsAll: boolean,
): WireLoadResult {
  const output = JSON.parse(stdout) as WireLoadOutput;
  if (!countsAll && !output.wroteAll) throw new Error("not every partition was written in time");
  const requests = countsAll ? output.totalRequests : output.requests;
  const seconds = countsAll ? output.totalSeconds : output.seconds;
  // Topics take turns, so that each has the same number of requests.
  const valueBytes = topics.reduce(
    (sum, topic) => sum + topic.recordBytes * topic.recordsPerBatch,
    0,
  );
  return {
    megabytesPerSecond: (requests * valueBytes) / topics.length / 1e6 / seconds,
    latencyMs: { p50: output.p50Ms, p99: output.p99Ms, p999: output.p999Ms },
    requests,
  };
}

/** As wire-load.c describes it. */
function encodePlan(topics: readonly LoadTopic[]): Buffer {
  const hello = frameOf(encodeRequestFrame(Api.ApiVersions, API_VERSIONS_VERSION, CLIENT, {}));
  const parts: Buffer[] = [uint32s(hello.length), hello, uint32s(topics.length)];
  for (const topic of topics) {
    const { frame, partitionAt } = produceFrame(topic);
    const errorAt = BEFORE_NAME_BYTES + topic.name.length + BEFORE_ERROR_BYTES;
    parts.push(uint32s(frame.length, partitionAt, topic.partitions, errorAt), frame);
  }
  return Buffer.concat(parts);
}

function uint32s(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) bytes.writeUInt32BE(value, index * 4);
  return bytes;
}

/** The partition stands where two frames for different partitions differ first. */
function produceFrame(topic: LoadTopic): { frame: Buffer; partitionAt: number } {
  if (topic.name.length > NAME_BYTES_MAX) throw new Error(`the name ${topic.name} is too long`);
  const records = buildBatch(topic);
  const encode = (index: number): Buffer =>
    frameOf(
      encodeRequestFrame(Api.Produce, PRODUCE_VERSION, CLIENT, {
        acks: ACKS_ALL,
        timeoutMs: REQUEST_TIMEOUT_MS,
        topicData: [{ name: topic.name, partitionData: [{ index, records }] }],
      }),
    );
  const frame = encode(0);
  const other = encode(0x7f7f7f7f);
  const partitionAt = frame.findIndex((byte, at) => byte !== other[at]);
  return { frame, partitionAt };
}

function frameOf(chunks: readonly Uint8Array[]): Buffer {
  return Buffer.concat(chunks);
}

/** Values that do not repeat within a record, as those of Kafka's own tool. */
function buildBatch({ recordBytes, recordsPerBatch, keyOf }: LoadTopic): Uint8Array {
  const value = Buffer.alloc(recordBytes);
  let state = 1;
  for (let at = 0; at < recordBytes; at++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    value[at] = 0x41 + ((state >>> 16) % 26);
  }
  const builder = new RecordBatchBuilder();
  for (let record = 0; record < recordsPerBatch; record++) {
    const key = keyOf === undefined ? null : Buffer.from(keyOf(record));
    builder.append({ timestamp: Date.now(), key, value });
  }
  return builder.build();
}
