import type { Socket } from "node:net";
import type { Clock, Logger } from "@ottla/runtime";
import type { SlabPool } from "@ottla/storage";
import type { ConnectionInfo, RequestFrame } from "../request/request-context.ts";
import { FrameLengthError, FrameReader } from "./frame-reader.ts";
import { readInto } from "./buffered-socket.ts";
import type { ReceiveBudget, Receiver } from "./receive-budget.ts";
import type { ReceiveMemory } from "./receive-memory.ts";
import { ReceivePath } from "./receive-path.ts";
import { ResponseQueue, type Reply } from "./response-queue.ts";

/**
 * Produce requests of one connection that may be under way at once. Idempotent Java producers keep
 * five; librdkafka without idempotence may keep many more, which gains nothing beyond this.
 */
const MAX_PIPELINED_REQUESTS = 64;

const PRODUCE_API_KEY = 0;

/** Frames that carry no API key at all. */
const MIN_FRAME_BYTES = 2;

export interface ConnectionOptions {
  readonly socket: Socket;
  readonly info: ConnectionInfo;
  readonly slabs: SlabPool;
  readonly receiveMemory: ReceiveMemory;
  readonly budget: ReceiveBudget;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly maxFrameBytes: () => number;
  /** Runs one request; its synchronous part is what keeps order. Never rejects. */
  readonly serve: (frame: RequestFrame, connection: Connection) => Promise<Reply>;
  readonly onClosed: (connection: Connection) => void;
}

/**
 * One client connection: frames in, replies out in request order. As in Kafka a request starts when
 * the one before it was answered, with one exception that no client can tell from the outside:
 * Produce requests that follow each other overlap, so that one fsync acknowledges all of them.
 */
export class Connection implements Receiver {
  readonly info: ConnectionInfo;
  readonly #options: ConnectionOptions;
  readonly #socket: Socket;
  readonly #reader: FrameReader;
  /** Undefined when Node allocates what is read. */
  readonly #path: ReceivePath | undefined;
  readonly #responses: ResponseQueue;
  readonly #aborter = new AbortController();
  readonly #unsent = new Set<() => void>();
  #heldFrame: Uint8Array[] | undefined;
  #heldIsCopied = false;
  #cancelSpaceWait: (() => void) | undefined;
  #inFlight = 0;
  #inFlightAreProduce = true;
  #pausedByBudget = false;
  #draining = false;
  #closed = false;
  #isCorked = false;
  #lastActivityMs: number;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.info = options.info;
    this.#reader = new FrameReader(options.maxFrameBytes);
    const path = new ReceivePath(options.receiveMemory, this.#reader);
    const buffered = readInto(options.socket, {
      next: () => path.next(),
      received: (bytes) => this.#receivedInto(path, bytes),
    });
    this.#path = buffered && path;
    this.#socket = buffered ?? options.socket;
    this.#responses = new ResponseQueue((reply) => this.#emit(reply));
    this.#lastActivityMs = options.clock.monotonicMs();
    this.#socket.setNoDelay(true);
    if (!buffered) this.#socket.on("data", (chunk: Buffer) => this.#received(chunk));
    this.#socket.on("drain", () => this.#pump());
    this.#socket.on("error", (error) => this.#options.logger.debug("connection failed", { connection: this.info.id, error: error.message }));
    this.#socket.on("end", () => this.close());
    this.#socket.on("close", () => this.close());
    this.#socket.resume();
  }

  /** Aborted when the connection closes. */
  get signal(): AbortSignal {
    return this.#aborter.signal;
  }

  /** Monotonic time of the last byte received or reply sent, for the idle timeout. */
  get lastActivityMs(): number {
    return this.#lastActivityMs;
  }

  get isIdle(): boolean {
    return this.#inFlight === 0 && this.#heldFrame === undefined;
  }

  pauseReceiving(): void {
    this.#pausedByBudget = true;
    this.#socket.pause();
  }

  resumeReceiving(): void {
    this.#pausedByBudget = false;
    this.#pump();
  }

  /** Takes no further request; closes when all replies have been sent. */
  drain(): void {
    this.#draining = true;
    if (this.#inFlight === 0) this.#closeAfterFlush();
  }

  /** Closes at once: what is under way is aborted and its borrowed bytes are released. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelSpaceWait?.();
    this.#aborter.abort();
    this.#socket.destroy();
    this.#options.budget.forget(this);
    this.#responses.abandon();
    for (const release of this.#unsent) release();
    this.#unsent.clear();
    this.#options.onClosed(this);
  }

  #received(chunk: Uint8Array): void {
    this.#lastActivityMs = this.#options.clock.monotonicMs();
    this.#reader.push(chunk);
    this.#options.budget.take(this, chunk.length);
    this.#pump();
  }

  #receivedInto(path: ReceivePath, bytes: Uint8Array): void {
    this.#lastActivityMs = this.#options.clock.monotonicMs();
    path.received(bytes);
    this.#options.budget.take(this, bytes.length);
    this.#startAll("read");
  }

  /** Starts requests for as long as order, memory and the peer's reading allow; else stops reading. */
  #pump(): void {
    this.#startAll("wait");
  }

  #startAll(during: "read" | "wait"): void {
    try {
      while (!this.#closed && !this.#draining && this.#startNext());
    } catch (error) {
      if (!(error instanceof FrameLengthError)) throw error;
      this.#options.logger.warn("closing a connection: " + error.message, { connection: this.info.id });
      this.close();
      return;
    }
    if (this.#closed) return;
    if (this.#path) this.#giveBack(this.#path, during);
    if (this.#heldFrame !== undefined || this.#pausedByBudget) this.#socket.pause();
    else this.#socket.resume();
  }

  /** What is still needed of the memory that was read into is copied out of it. */
  #giveBack(path: ReceivePath, during: "read" | "wait"): void {
    if (this.#heldFrame !== undefined && !this.#heldIsCopied) {
      this.#heldFrame = [Buffer.concat(this.#heldFrame)];
      this.#heldIsCopied = true;
    }
    path.settle(during);
  }

  /** True when a request was started, so that another may follow. */
  #startNext(): boolean {
    this.#heldFrame ??= this.#reader.next();
    const parts = this.#heldFrame;
    if (parts === undefined) return false;
    const apiKey = peekApiKey(parts);
    if (!this.#mayStart(apiKey) || this.#socket.writableNeedDrain) return false;
    const frame = this.#intoFrame(parts, apiKey);
    if (frame === undefined) return false;
    this.#heldFrame = undefined;
    this.#heldIsCopied = false;
    this.#start(frame, apiKey);
    return true;
  }

  #mayStart(apiKey: number): boolean {
    if (this.#inFlight === 0) return true;
    return apiKey === PRODUCE_API_KEY && this.#inFlightAreProduce && this.#inFlight < MAX_PIPELINED_REQUESTS;
  }

  /** Undefined when shared memory is exhausted: reading stops until some is free. */
  #intoFrame(parts: readonly Uint8Array[], apiKey: number): RequestFrame | undefined {
    if (apiKey !== PRODUCE_API_KEY) {
      const isOurs = parts.length === 1 && (this.#heldIsCopied || !this.#path);
      return { bytes: isOurs ? parts[0]! : Buffer.concat(parts), slab: undefined };
    }
    let lengthBytes = 0;
    for (const part of parts) lengthBytes += part.length;
    const slab = this.#options.slabs.allocate(lengthBytes);
    if (slab === undefined) {
      this.#cancelSpaceWait ??= this.#options.slabs.whenSpace(() => {
        this.#cancelSpaceWait = undefined;
        this.#pump();
      });
      return undefined;
    }
    let at = 0;
    for (const part of parts) {
      slab.bytes.set(part, at);
      at += part.length;
    }
    return { bytes: slab.bytes, slab };
  }

  #start(frame: RequestFrame, apiKey: number): void {
    this.#inFlightAreProduce = apiKey === PRODUCE_API_KEY;
    this.#inFlight++;
    const answer = this.#responses.reserve();
    const frameBytes = frame.bytes.length + 4;
    void this.#options.serve(frame, this).then((reply) => {
      frame.slab?.release();
      this.#inFlight--;
      this.#options.budget.give(this, frameBytes);
      if (this.#closed) {
        if (reply.kind !== "close") reply.onSent?.();
        return;
      }
      answer(reply);
      if (this.#draining && this.#inFlight === 0) this.#closeAfterFlush();
      else this.#pump();
    });
  }

  #emit(reply: Reply): void {
    if (this.#closed) {
      if (reply.kind !== "close") reply.onSent?.();
      return;
    }
    if (reply.kind === "close") return this.close();
    if (reply.kind === "silent") return reply.onSent?.();
    this.#lastActivityMs = this.#options.clock.monotonicMs();
    this.#write(reply.chunks, reply.onSent);
  }

  #write(chunks: readonly Uint8Array[], onSent: (() => void) | undefined): void {
    const socket = this.#socket;
    const last = chunks.length - 1;
    let sent: (() => void) | undefined;
    if (onSent) {
      sent = () => {
        if (this.#unsent.delete(onSent)) onSent();
      };
      this.#unsent.add(onSent);
    }
    this.#corkForThisTurn();
    for (let i = 0; i <= last; i++) {
      if (i === last && sent) socket.write(chunks[i]!, sent);
      else socket.write(chunks[i]!);
    }
  }

  /**
   * One sync acknowledges several requests of a connection; their replies leave in one system call.
   * The tick comes after every promise that the same completion has settled.
   */
  #corkForThisTurn(): void {
    if (this.#isCorked) return;
    this.#isCorked = true;
    this.#socket.cork();
    process.nextTick(() => {
      this.#isCorked = false;
      this.#socket.uncork();
    });
  }

  #closeAfterFlush(): void {
    if (this.#closed) return;
    this.#socket.end(() => this.close());
  }
}

function peekApiKey(parts: readonly Uint8Array[]): number {
  const first = parts[0]!;
  if (first.length >= MIN_FRAME_BYTES) return (first[0]! << 8) | first[1]!;
  return parts.length > 1 ? (first[0]! << 8) | parts[1]![0]! : -1;
}
