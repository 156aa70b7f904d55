import { ErrorCode } from "@ottla/protocol";
import {
  afterThisTurn,
  BoundedQueue,
  invariant,
  nextTurn,
  type Logger,
  type WorkerPool,
} from "@ottla/runtime";
import { MessageChannel, type Transferable } from "node:worker_threads";
import type { ReadIntoOutcome } from "../log/log.ts";
import { StorageError } from "../log/storage-error.ts";
import type { ArenaSlabPool } from "./arena-slab-pool.ts";
import { createRingMemory, DescriptorRing } from "./descriptor-ring.ts";
import type { EnginePartition } from "./engine-partition.ts";
import type { LogState } from "./hosted-log.ts";
import { refused } from "./refused.ts";
import {
  appendedOutcome,
  appendedState,
  EntryKind,
  isRecoded,
  readOutcome,
  writeAppend,
  writeRead,
} from "./ring-entries.ts";
import type { SlabSlice } from "./slab-pool.ts";
import type { AppendOutcome, AppendRequest, ReadRequest } from "./storage-engine.ts";
import { RpcPort, type FromWorker, type ToWorker } from "./storage-rpc.ts";
import { OfflineFlag, type WorkerTask } from "./worker-task.ts";

export type WorkerSettings = Omit<WorkerTask, "port" | "requests" | "completions">;

export interface WorkerConnectionOptions {
  readonly pool: WorkerPool;
  readonly settings: WorkerSettings;
  readonly pools: readonly ArenaSlabPool[];
  readonly logger: Logger;
  /** Bytes of requests that may wait for a place in the ring: all that the slabs can hold. */
  readonly queueBytesMax: number;
  readonly onState: (partitionId: number, state: LogState) => void;
  readonly onDirectoryOffline: (cause: Error) => void;
}

interface AppendInFlight {
  readonly kind: "append";
  readonly partition: EnginePartition;
  readonly request: AppendRequest;
  readonly resolve: (outcome: AppendOutcome) => void;
}

interface ReadInFlight {
  readonly kind: "read";
  readonly partition: EnginePartition;
  readonly request: ReadRequest;
  readonly target: SlabSlice;
  readonly resolve: (outcome: ReadIntoOutcome) => void;
}

type InFlight = AppendInFlight | ReadInFlight;

interface PendingCall {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * One life of a storage worker, seen from the engine's thread: two rings, a port, and everything
 * that waits for an answer. When the thread ends, all of it is answered with KAFKA_STORAGE_ERROR.
 *
 * Invariant: at most `capacity` requests are in flight, so that neither ring overflows.
 */
export class WorkerConnection {
  /** Resolves once the task has ended and the thread is gone: with the error, or undefined after a stop. */
  readonly ended: Promise<Error | undefined>;
  readonly #options: WorkerConnectionOptions;
  readonly #requests: DescriptorRing;
  readonly #completions: DescriptorRing;
  readonly #rpc: RpcPort<ToWorker, FromWorker>;
  readonly #offline: OfflineFlag;
  readonly #slots: (InFlight | undefined)[] = [];
  readonly #freeSlots: number[] = [];
  readonly #queue: BoundedQueue<InFlight>;
  readonly #calls = new Map<number, PendingCall>();
  readonly #knownArenas = new Set<number>();
  #nextCallId = 0;
  #publishScheduled = false;
  #over = false;
  #threadEnded: Promise<void> | undefined;

  constructor(options: WorkerConnectionOptions) {
    this.#options = options;
    const requests = createRingMemory();
    const completions = createRingMemory();
    this.#requests = new DescriptorRing(requests);
    this.#completions = new DescriptorRing(completions);
    this.#offline = new OfflineFlag(options.settings.offlineFlag);
    this.#queue = new BoundedQueue(options.queueBytesMax, (waiting) => sliceOf(waiting).length);
    for (let slot = this.#requests.capacity - 1; slot >= 0; slot -= 1) this.#freeSlots.push(slot);
    const { port1, port2 } = new MessageChannel();
    this.#rpc = new RpcPort(
      port1,
      (message) => this.#onMessage(message),
      () => {},
    );
    const task: WorkerTask = { ...options.settings, port: port2, requests, completions };
    this.ended = this.#run(task, [port2]);
    void this.#pump();
  }

  /** The worker has said that it serves. */
  get ready(): boolean {
    return this.#threadEnded !== undefined;
  }

  append(partition: EnginePartition, request: AppendRequest): Promise<AppendOutcome> {
    if (this.#over) return Promise.resolve(refused(ErrorCode.KAFKA_STORAGE_ERROR));
    request.records.retain();
    return new Promise((resolve) => this.#submit({ kind: "append", partition, request, resolve }));
  }

  readInto(
    partition: EnginePartition,
    request: ReadRequest,
    target: SlabSlice,
  ): Promise<ReadIntoOutcome> {
    if (this.#over) return Promise.resolve({ ok: false, errorCode: ErrorCode.KAFKA_STORAGE_ERROR });
    return new Promise((resolve) =>
      this.#submit({ kind: "read", partition, request, target, resolve }),
    );
  }

  call(message: CallWithoutId): Promise<unknown> {
    if (this.#over)
      return Promise.reject(new StorageError("the storage worker has ended", { fatal: false }));
    this.#nextCallId += 1;
    const callId = this.#nextCallId;
    return new Promise((resolve, reject) => {
      this.#calls.set(callId, { resolve, reject });
      this.#rpc.send({ ...message, callId });
    });
  }

  tellDirectoryFailed(): void {
    if (!this.#over) this.#rpc.send({ kind: "directoryFailedElsewhere" });
  }

  arenaDropped(arenaId: number): void {
    if (this.#knownArenas.delete(arenaId) && !this.#over)
      this.#rpc.sendArena({ arenaId, memory: undefined });
  }

  /** Lets the task end; its logs were closed before. */
  stop(): void {
    this.#requests.stop();
  }

  async #run(task: WorkerTask, transfer: readonly Transferable[]): Promise<Error | undefined> {
    let failure: Error | undefined;
    try {
      await this.#options.pool.run("serveHost", task, transfer);
    } catch (error) {
      failure = error instanceof Error ? error : new Error(String(error));
      // Until the thread is gone, a call in the libuv pool may still read or write our slabs.
      await this.#threadEnded;
    }
    this.#end();
    return failure;
  }

  #submit(request: InFlight): void {
    if (this.#queue.length === 0 && this.#freeSlots.length > 0) {
      this.#write(request);
      return;
    }
    const accepted = this.#queue.offer(request);
    invariant(accepted, "what waits for the ring lies in slabs, which bound it");
  }

  #write(request: InFlight): void {
    const slot = this.#freeSlots.pop();
    invariant(slot !== undefined, "a request is written when a slot is free");
    this.#slots[slot] = request;
    const { partitionId } = request.partition;
    this.#announceArena(sliceOf(request).arenaId);
    if (request.kind === "append")
      writeAppend(this.#requests, { slot, partitionId, request: request.request });
    else
      writeRead(this.#requests, {
        slot,
        partitionId,
        request: request.request,
        target: request.target,
      });
    this.#publishSoon();
  }

  #announceArena(arenaId: number): void {
    if (this.#knownArenas.has(arenaId)) return;
    const arena = this.#options.pools
      .map((pool) => pool.arena(arenaId))
      .find((known) => known !== undefined);
    invariant(arena !== undefined, "records lie in the engine's own slabs");
    this.#knownArenas.add(arenaId);
    this.#rpc.sendArena({ arenaId, memory: arena.memory });
  }

  #publishSoon(): void {
    if (this.#publishScheduled) return;
    this.#publishScheduled = true;
    afterThisTurn(() => {
      this.#publishScheduled = false;
      this.#requests.publish();
    });
  }

  async #pump(): Promise<void> {
    while (!this.#over) {
      const seen = this.#completions.noteSignal();
      this.#drain();
      await (this.#completions.waitBeyond(seen) ?? nextTurn());
    }
  }

  #drain(): void {
    const ring = this.#completions;
    const touched = new Set<EnginePartition>();
    for (let entry = ring.take(); entry !== -1; entry = ring.take()) {
      const request = this.#finish(ring.int(entry, 1));
      if (request.kind === "read") {
        request.resolve(readOutcome(ring, entry));
        continue;
      }
      invariant(ring.int(entry, 0) === EntryKind.APPENDED, "an append is answered as one");
      if (this.#offline.raised) {
        this.#answerAppend(request, refused(ErrorCode.KAFKA_STORAGE_ERROR));
        continue;
      }
      request.partition.applyState(appendedState(ring, entry));
      touched.add(request.partition);
      this.#answerAppend(request, appendedOutcome(ring, entry), isRecoded(ring, entry));
    }
    // The listeners move high watermarks; the promises resolve after them, in microtasks.
    for (const partition of touched) partition.announce();
  }

  #finish(slot: number): InFlight {
    const request = this.#slots[slot];
    invariant(request !== undefined, "an answer belongs to a request in flight");
    this.#slots[slot] = undefined;
    this.#freeSlots.push(slot);
    const waiting = this.#queue.take();
    if (waiting !== undefined) this.#write(waiting);
    return request;
  }

  #answerAppend(
    { partition, request, resolve }: AppendInFlight,
    outcome: AppendOutcome,
    recoded = false,
  ): void {
    if (recoded) request.records.release();
    else partition.appendDone(request.records, outcome);
    resolve(outcome);
  }

  #onMessage(message: FromWorker): void {
    switch (message.kind) {
      case "ready":
        this.#threadEnded = this.#options.pool.threadEnded(message.threadId);
        return;
      case "answer":
        if (message.partitionId !== undefined && message.state !== undefined) {
          this.#options.onState(message.partitionId, message.state);
        }
        this.#takeCall(message.callId).resolve(message.result);
        return;
      case "failure":
        this.#takeCall(message.callId).reject(
          new StorageError(message.message, { fatal: message.fatal }),
        );
        return;
      case "refused": {
        const request = this.#finish(message.slot);
        invariant(request.kind === "append", "only appends are refused");
        this.#answerAppend(request, message.outcome);
        return;
      }
      case "stateChanged":
        this.#options.onState(message.partitionId, message.state);
        return;
      case "directoryOffline":
        this.#options.onDirectoryOffline(new StorageError(message.message, { fatal: true }));
        return;
      case "log":
        this.#options.logger[message.level](message.message, message.fields);
        return;
      default:
        message satisfies never;
    }
  }

  #takeCall(callId: number): PendingCall {
    const call = this.#calls.get(callId);
    invariant(call !== undefined, "a call is answered once");
    this.#calls.delete(callId);
    return call;
  }

  /** Nothing that waits is left waiting. */
  #end(): void {
    this.#over = true;
    this.#completions.wake();
    this.#rpc.close();
    const waiting = this.#slots.filter((request) => request !== undefined);
    for (let request = this.#queue.take(); request !== undefined; request = this.#queue.take())
      waiting.push(request);
    this.#slots.fill(undefined);
    for (const request of waiting) {
      if (request.kind === "append")
        this.#answerAppend(request, refused(ErrorCode.KAFKA_STORAGE_ERROR));
      else request.resolve({ ok: false, errorCode: ErrorCode.KAFKA_STORAGE_ERROR });
    }
    for (const call of this.#calls.values())
      call.reject(new StorageError("the storage worker has ended", { fatal: false }));
    this.#calls.clear();
  }
}

type WithoutId<Message> = Message extends { readonly callId: number }
  ? Omit<Message, "callId">
  : never;
export type CallWithoutId = WithoutId<ToWorker>;

function sliceOf(request: InFlight): SlabSlice {
  return request.kind === "append" ? request.request.records : request.target;
}
