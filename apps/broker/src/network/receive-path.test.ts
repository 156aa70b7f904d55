import { describe, expect, test } from "vitest";
import { FrameReader } from "./frame-reader.ts";
import { RECEIVE_BUFFER_BYTES, ReceiveMemory } from "./receive-memory.ts";
import { ReceivePath } from "./receive-path.ts";

const SEED = Number(process.env["SEED"] ?? 20261122);

/** A small generator, so that a failure can be replayed with SEED=<seed>. */
function numbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function framed(content: Uint8Array): Uint8Array {
  const frame = new Uint8Array(4 + content.length);
  new DataView(frame.buffer).setInt32(0, content.length);
  frame.set(content, 4);
  return frame;
}

/** One connection: its stream of bytes, how far it was read, and the frames that came out. */
class Peer {
  readonly reader = new FrameReader(() => 2 ** 20);
  readonly path: ReceivePath;
  readonly frames: Uint8Array[] = [];
  readonly #stream: Uint8Array;
  #sent = 0;
  /** As a socket does: the memory of the next read is chosen when the one before it is over. */
  #target: Buffer;

  constructor(memory: ReceiveMemory, stream: Uint8Array) {
    this.path = new ReceivePath(memory, this.reader);
    this.#stream = stream;
    this.#target = this.path.next();
  }

  get isOver(): boolean {
    return this.#sent === this.#stream.length;
  }

  read(atMost: number, takeOut: boolean): void {
    const count = Math.min(atMost, this.#target.length, this.#stream.length - this.#sent);
    this.#target.set(this.#stream.subarray(this.#sent, this.#sent + count));
    this.#sent += count;
    this.path.received(this.#target.subarray(0, count));
    if (takeOut) this.takeOut();
    this.path.settle("read");
    this.#target = this.path.next();
  }

  takeOut(): void {
    for (let parts = this.reader.next(); parts; parts = this.reader.next())
      this.frames.push(Buffer.concat(parts));
  }
}

describe("ReceivePath", () => {
  test(`frames of connections that share memory arrive whole, whatever the reads cut (SEED=${SEED})`, () => {
    const random = numbers(SEED);
    const memory = new ReceiveMemory();
    const sizes = [1, 100, 5_000, 16_000, 70_000, 300_000];
    const contents = Array.from({ length: 8 }, (_, peer) =>
      Array.from({ length: 30 }, (_, at) =>
        new Uint8Array(1 + random(sizes[random(sizes.length)]!)).fill(peer * 30 + at),
      ),
    );
    const peers = contents.map((frames) => new Peer(memory, Buffer.concat(frames.map(framed))));
    while (peers.some((peer) => !peer.isOver)) {
      const peer = peers[random(peers.length)]!;
      const waits = random(4) === 0;
      if (!peer.isOver) peer.read(1 + random(RECEIVE_BUFFER_BYTES), !waits);
      // A reply was sent: what waited may start without a read.
      if (random(3) === 0) {
        peer.takeOut();
        peer.path.settle("wait");
      }
    }
    for (const peer of peers) peer.takeOut();
    expect(
      peers.map((peer) => peer.frames.map((frame) => [frame.length, frame[0], frame.at(-1)])),
    ).toEqual(
      contents.map((frames) => frames.map((frame) => [frame.length, frame[0], frame.at(-1)])),
    );
  });

  test("a connection without a half-received frame holds no memory of its own", () => {
    const memory = new ReceiveMemory();
    const peer = new Peer(
      memory,
      Buffer.concat([framed(new Uint8Array(10)), framed(new Uint8Array(100_000))]),
    );
    peer.read(14, true);
    expect(peer.path.next()).toBe(memory.shared);
    peer.read(50_000, true);
    expect(peer.path.next().buffer).not.toBe(memory.shared.buffer);
    while (!peer.isOver) peer.read(RECEIVE_BUFFER_BYTES, true);
    expect(peer.path.next()).toBe(memory.shared);
    expect(peer.frames.map((frame) => frame.length)).toEqual([10, 100_000]);
  });

  test("bytes that trickle in fill one buffer, not one each", () => {
    const memory = new ReceiveMemory();
    const peer = new Peer(memory, framed(new Uint8Array(40_000)));
    for (let read = 0; read < 1_000; read++) peer.read(20, true);
    expect(peer.reader.chunkCount).toBe(1);
  });
});
