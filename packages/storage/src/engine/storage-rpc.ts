import { Packr } from "msgpackr/pack";
import type { MessagePort } from "node:worker_threads";
import type { Logger } from "@ottla/runtime";
import type { HostCallName, LogCallName } from "./host-calls.ts";
import type { LogState } from "./hosted-log.ts";
import type { AppendOutcome } from "./storage-engine.ts";

/** What the engine's thread says to a worker besides ring entries. */
export type ToWorker =
  | {
      readonly kind: "callLog";
      readonly callId: number;
      readonly partitionId: number;
      readonly name: LogCallName;
      readonly argument: unknown;
    }
  | {
      readonly kind: "callHost";
      readonly callId: number;
      readonly name: HostCallName;
      readonly argument: unknown;
    }
  | { readonly kind: "directoryFailedElsewhere" };

/** What a worker says besides ring entries. */
export type FromWorker =
  | { readonly kind: "ready"; readonly threadId: number }
  | {
      readonly kind: "answer";
      readonly callId: number;
      readonly result: unknown;
      readonly partitionId?: number;
      readonly state?: LogState;
    }
  | {
      readonly kind: "failure";
      readonly callId: number;
      readonly message: string;
      readonly fatal: boolean;
    }
  | {
      readonly kind: "refused";
      readonly slot: number;
      readonly outcome: Extract<AppendOutcome, { ok: false }>;
    }
  | { readonly kind: "stateChanged"; readonly partitionId: number; readonly state: LogState }
  | { readonly kind: "directoryOffline"; readonly message: string }
  | {
      readonly kind: "log";
      readonly level: keyof Logger;
      readonly message: string;
      readonly fields: Readonly<Record<string, unknown>>;
    };

/** Arenas cross as themselves: shared memory has no encoding. */
export interface ArenaMessage {
  readonly arenaId: number;
  /** Undefined: the arena will not be used again. */
  readonly memory: SharedArrayBuffer | undefined;
}

/**
 * One end of the message port between engine and worker. Records are packed with shared structures:
 * a shape is sent once and named afterwards, which works because a port keeps the order.
 */
export class RpcPort<Out, In> {
  readonly #port: MessagePort;
  readonly #packer = new Packr({ sequential: true });
  readonly #unpacker = new Packr({ sequential: true });
  readonly #onMessage: (message: In) => void;
  readonly #onArena: (message: ArenaMessage) => void;

  constructor(
    port: MessagePort,
    onMessage: (message: In) => void,
    onArena: (message: ArenaMessage) => void,
  ) {
    this.#port = port;
    this.#onMessage = onMessage;
    this.#onArena = onArena;
    port.on("message", (raw: Uint8Array | ArenaMessage) => this.receive(raw));
  }

  send(message: Out): void {
    // The packer writes into a buffer that it shares with other messages: a clone would copy all of it.
    const bytes = new Uint8Array(this.#packer.pack(message));
    this.#port.postMessage(bytes, [bytes.buffer]);
  }

  sendArena(message: ArenaMessage): void {
    this.#port.postMessage(message);
  }

  receive(raw: Uint8Array | ArenaMessage): void {
    if (raw instanceof Uint8Array) this.#onMessage(this.#unpacker.unpack(raw) as In);
    else this.#onArena(raw);
  }

  close(): void {
    this.#port.close();
  }
}
