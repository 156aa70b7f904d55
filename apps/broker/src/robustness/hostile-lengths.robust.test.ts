import { Api, ByteReader, FRAME_SIZE_BYTES, decodeRequestHeader } from "@ottla/protocol";
import { SeededRandom } from "@ottla/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startOttla, type Ottla } from "../start-ottla.ts";
import { createTopic } from "../test/requests.ts";
import { WireClient } from "../test/wire-client.ts";
import { RecordingLogger, attack, heldBytes, type Reaction } from "./attack.ts";
import {
  frameOf,
  sampleRequest,
  servedVersions,
  withSize,
  type Known,
  type ServedVersion,
} from "./request-samples.ts";

const MAX_ALLOCATED_BYTES = 1024 * 1024;
/** A Produce frame of any honest size is received into an arena of this size, which others then use, too. */
const ARENA_BYTES = 1024 * 1024;
/** The promise is 100 ms; a test machine with other work gets more, and still none waits for bytes that never come. */
const PATIENCE_MS = 10_000;

const logger = new RecordingLogger();
let ottla: Ottla;
let known: Known;

beforeAll(async () => {
  ottla = await startOttla({ logger, settings: { "auto.create.topics.enable": false } });
  await using client = await WireClient.connect(ottla.port);
  known = {
    topic: "lengths",
    group: "lengths-group",
    topicId: await createTopic(client, "lengths"),
  };
});

afterAll(() => ottla.close());

interface Length {
  readonly at: number;
  readonly encoding: "int16" | "int32" | "varint";
  readonly sizeBytes: number;
}

/** Notes where every string, byte array, array and tagged field has its length. */
class LengthFinder extends ByteReader {
  readonly lengths: Length[] = [];

  #fixed<T>(encoding: "int16" | "int32", read: () => T): T {
    this.lengths.push({ at: this.offset, encoding, sizeBytes: encoding === "int16" ? 2 : 4 });
    return read();
  }

  #varint<T>(read: () => T): T {
    const at = this.offset;
    super.readUnsignedVarint();
    this.lengths.push({ at, encoding: "varint", sizeBytes: this.offset - at });
    this.offset = at;
    return read();
  }

  override readNullableString = (): string | null =>
    this.#fixed("int16", () => super.readNullableString());
  override readNullableBytes = (): Uint8Array | null =>
    this.#fixed("int32", () => super.readNullableBytes());
  override readArrayLength = (least: number): number =>
    this.#fixed("int32", () => super.readArrayLength(least));
  override readCompactNullableString = (): string | null =>
    this.#varint(() => super.readCompactNullableString());
  override readCompactNullableBytes = (): Uint8Array | null =>
    this.#varint(() => super.readCompactNullableBytes());
  override readCompactArrayLength = (least: number): number =>
    this.#varint(() => super.readCompactArrayLength(least));
  override readTagCount = (): number => this.#varint(() => super.readTagCount());
}

const LIES: Readonly<Record<Length["encoding"], readonly (readonly number[])[]>> = {
  int16: [
    [0x7f, 0xff],
    [0x80, 0x00],
  ],
  int32: [
    [0x7f, 0xff, 0xff, 0xff],
    [0x80, 0x00, 0x00, 0x00],
    [0x00, 0x0f, 0x42, 0x40],
  ],
  varint: [
    [0xff, 0xff, 0xff, 0xff, 0x0f],
    [0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    [0xc0, 0x84, 0x3d],
  ],
};

function lyingFrames(where: ServedVersion): Buffer[] {
  const frame = frameOf(where, sampleRequest(where, known, new SeededRandom(1)));
  const content = frame.subarray(FRAME_SIZE_BYTES);
  const finder = new LengthFinder(content, decodeRequestHeader(content).bodyOffset);
  where.api.request.decode(finder, where.version);
  return finder.lengths.flatMap(({ at, encoding, sizeBytes }) =>
    LIES[encoding].map((lie) => {
      const start = at + FRAME_SIZE_BYTES;
      return withSize(
        Buffer.concat([
          frame.subarray(0, start),
          Buffer.from(lie),
          frame.subarray(start + sizeBytes),
        ]),
      );
    }),
  );
}

const apis = [...new Set(servedVersions().map(({ api }) => api))];

describe("a length that lies", () => {
  test.each(apis.map((api) => [api.name, api] as const))(
    "in any field of any version of %s ends the connection or is answered, and allocates nothing",
    async (_name, api) => {
      const versions = servedVersions().filter((served) => served.api === api);
      const frames = versions.flatMap(lyingFrames);
      const reactions = new Set<Reaction>();
      let worst = 0;
      for (const frame of frames) {
        const before = process.memoryUsage().arrayBuffers;
        reactions.add(await attack(ottla.port, frame, PATIENCE_MS));
        worst = Math.max(worst, process.memoryUsage().arrayBuffers - before);
      }
      expect(frames.length).toBeGreaterThan(
        api.key === Api.ApiVersions.key || api.key === Api.ListGroups.key ? 0 : versions.length,
      );
      expect(reactions).not.toContain("silent");
      expect(worst).toBeLessThanOrEqual(
        MAX_ALLOCATED_BYTES + (api.key === Api.Produce.key ? ARENA_BYTES : 0),
      );
      expect(logger.errors).toEqual([]);
    },
  );

  test("is the same when it is that of a frame: fifty announcements of 100 MiB allocate nothing", async () => {
    const peers = await Promise.all(
      Array.from({ length: 50 }, () => WireClient.connect(ottla.port)),
    );
    const before = heldBytes();
    for (const peer of peers) peer.sendRaw(Buffer.of(0x06, 0x40, 0, 0, 0, 0, 0, 13, 0, 0));
    await using healthy = await WireClient.connect(ottla.port);
    expect((await healthy.send(Api.ApiVersions, 0, {})).errorCode).toBe(0);
    const after = heldBytes();
    expect(after.buffers - before.buffers).toBeLessThan(4 * MAX_ALLOCATED_BYTES);
    expect(after.heap - before.heap).toBeLessThan(4 * MAX_ALLOCATED_BYTES);
    expect(peers.map(({ isClosed }) => isClosed)).not.toContain(true);
    for (const peer of peers) await peer[Symbol.asyncDispose]();
  });
});
