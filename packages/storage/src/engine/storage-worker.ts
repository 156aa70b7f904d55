import {
  invariant,
  nextTurn,
  SystemClock,
  SystemRandom,
  type FileSystem,
  type Logger,
} from "@ottla/runtime";
import { receiveMessageOnPort, threadId } from "node:worker_threads";
import { StorageError } from "../log/storage-error.ts";
import { segmentResourcesOf } from "../segment/segment-resources.ts";
import { CompletionWriter } from "./completion-writer.ts";
import { DescriptorRing } from "./descriptor-ring.ts";
import { stateOf } from "./hosted-log.ts";
import { PartitionHost } from "./partition-host.ts";
import {
  appendOriginOf,
  EntryKind,
  rangeOf,
  readRequestOf,
  transactionOf,
  transactionVersionOf,
  type SharedRange,
} from "./ring-entries.ts";
import { RpcPort, type ArenaMessage, type FromWorker, type ToWorker } from "./storage-rpc.ts";
import { createWorkerFileSystem, OfflineFlag, type WorkerTask } from "./worker-task.ts";

/** The long-lived task of a storage worker: resolves after a stop; an error of ours ends the thread. */
export async function serveHost(task: WorkerTask): Promise<void> {
  const fileSystem = await createWorkerFileSystem(task.fileSystemModule);
  segmentResourcesOf(fileSystem).descriptors.costMax = task.descriptorsMax;
  try {
    await new StorageWorker(task, fileSystem).serve();
  } catch (error) {
    // A rejected task would leave the thread alive with open descriptors: fail the whole thread.
    queueMicrotask(() => {
      throw error;
    });
    await new Promise(() => {});
  }
}

/** The worker's end of both rings and of the port, around one host. */
class StorageWorker {
  readonly #task: WorkerTask;
  readonly #requests: DescriptorRing;
  readonly #completions: CompletionWriter;
  readonly #rpc: RpcPort<FromWorker, ToWorker>;
  readonly #host: PartitionHost<number>;
  readonly #arenas = new Map<number, SharedArrayBuffer>();

  constructor(task: WorkerTask, fileSystem: FileSystem) {
    this.#task = task;
    this.#requests = new DescriptorRing(task.requests);
    this.#completions = new CompletionWriter(new DescriptorRing(task.completions));
    this.#rpc = new RpcPort(
      task.port,
      (message) => void this.#onMessage(message),
      (message) => this.#onArena(message),
    );
    const offline = new OfflineFlag(task.offlineFlag);
    this.#host = new PartitionHost<number>({
      fileSystem,
      clock: new SystemClock(),
      random: new SystemRandom(),
      logger: this.#logger(),
      directory: task.directory,
      flush: task.flush,
      maxParallelSyncs: task.maxParallelSyncs,
      maySyncInThread: true,
      producerIdExpirationMs: task.producerIdExpirationMs,
      isDirectoryOffline: () => offline.raised,
      events: {
        appendDone: (slot, _partitionId, outcome, state) => {
          if (!outcome.ok) this.#rpc.send({ kind: "refused", slot, outcome });
          else if (state !== undefined) this.#completions.appended(slot, outcome, state);
        },
        stateChanged: (partitionId, state) => {
          this.#rpc.send({ kind: "stateChanged", partitionId, state: stateOf(state) });
        },
        directoryOffline: (cause) => {
          offline.raise();
          this.#rpc.send({ kind: "directoryOffline", message: cause.message });
        },
      },
    });
  }

  async serve(): Promise<void> {
    this.#rpc.send({ kind: "ready", threadId });
    while (!this.#requests.stopped) {
      const seen = this.#requests.noteSignal();
      this.#drain();
      this.#host.writeStaged();
      // Even under steady load the event loop gets its turn, or no sync would ever be seen to finish.
      await (this.#requests.waitBeyond(seen) ?? nextTurn());
    }
    this.#rpc.close();
  }

  #drain(): void {
    const ring = this.#requests;
    for (let entry = ring.take(); entry !== -1; entry = ring.take()) {
      const slot = ring.int(entry, 1);
      const partitionId = ring.int(entry, 2);
      const bytes = this.#bytesOf(rangeOf(ring, entry));
      if (ring.int(entry, 0) === EntryKind.APPEND) {
        this.#host.append({
          partitionId,
          batch: bytes,
          leaderEpoch: ring.int(entry, 6),
          origin: appendOriginOf(ring, entry),
          transaction: transactionOf(ring, entry),
          transactionVersion: transactionVersionOf(ring, entry),
          token: slot,
        });
      } else {
        void this.#read(slot, this.#host.readInto(partitionId, readRequestOf(ring, entry), bytes));
      }
    }
  }

  async #read(slot: number, reading: ReturnType<PartitionHost<number>["readInto"]>): Promise<void> {
    this.#completions.readDone(slot, await reading);
  }

  #bytesOf({ arenaId, offset, length }: SharedRange): Uint8Array {
    while (!this.#arenas.has(arenaId)) {
      // The arena was announced on the port before the descriptor was published; it has arrived.
      const received = receiveMessageOnPort(this.#task.port) as
        | { message: Uint8Array | ArenaMessage }
        | undefined;
      invariant(received !== undefined, "an arena is announced before it is used");
      this.#rpc.receive(received.message);
    }
    const memory = this.#arenas.get(arenaId);
    invariant(memory !== undefined, "a known arena has memory");
    return Buffer.from(memory, offset, length);
  }

  #onArena({ arenaId, memory }: ArenaMessage): void {
    if (memory === undefined) this.#arenas.delete(arenaId);
    else this.#arenas.set(arenaId, memory);
  }

  async #onMessage(message: ToWorker): Promise<void> {
    if (message.kind === "directoryFailedElsewhere") {
      this.#host.directoryFailedElsewhere();
      return;
    }
    const { callId } = message;
    try {
      if (message.kind === "callLog") {
        const { partitionId, name, argument } = message;
        const { result, state } = await this.#host.callLog(partitionId, name, argument as never);
        this.#rpc.send({ kind: "answer", callId, result, partitionId, state: stateOf(state) });
      } else {
        const result = await this.#host.callHost(message.name, message.argument as never);
        this.#rpc.send({ kind: "answer", callId, result });
      }
    } catch (error) {
      if (!isOperatingFailure(error)) throw error;
      const fatal = error instanceof StorageError && error.fatal;
      this.#rpc.send({ kind: "failure", callId, message: error.message, fatal });
    }
  }

  #logger(): Logger {
    const at =
      (level: keyof Logger) =>
      (message: string, fields: Readonly<Record<string, unknown>> = {}): void =>
        this.#rpc.send({ kind: "log", level, message, fields });
    return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  }
}

/** Failures of the disk are answered; anything else is our bug and ends the thread. */
function isOperatingFailure(error: unknown): error is Error {
  if (error instanceof StorageError) return true;
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === "string";
}
