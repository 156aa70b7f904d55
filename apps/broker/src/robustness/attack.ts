import { connect, type Socket } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Logger } from "@ottla/runtime";

/** How the broker took a frame: `silent` means that it neither answered nor closed within the time. */
export type Reaction = "answered" | "closed" | "silent";

/** Opens a connection for one frame, and tells what became of it. */
export async function attack(
  port: number,
  frame: Uint8Array,
  patienceMs: number,
): Promise<Reaction> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  const reaction = Promise.withResolvers<Reaction>();
  const timer = setTimeout(() => reaction.resolve("silent"), patienceMs);
  socket.on("data", () => reaction.resolve("answered"));
  socket.on("error", () => reaction.resolve("closed"));
  socket.on("close", () => reaction.resolve("closed"));
  socket.write(frame);
  const result = await reaction.promise;
  clearTimeout(timer);
  socket.resetAndDestroy();
  return result;
}

/** A bare socket, for peers that behave worse than `attack`. */
export async function openSocket(port: number): Promise<Socket> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  socket.on("error", () => {});
  await new Promise<void>((resolve, reject) =>
    socket.once("connect", resolve).once("close", () => reject(new Error("closed"))),
  );
  return socket;
}

/** Runs the work of many with a bound on how much is under way. */
export async function inParallel<T>(
  items: Iterable<T>,
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  const lane = async (): Promise<void> => {
    for (let next = iterator.next(); !next.done; next = iterator.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: width }, lane));
}

const MAX_LINES = 2_000;

export interface LoggedLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** Keeps the lines; at level error stands only what is a fault of ours or of the disk. */
export class RecordingLogger implements Logger {
  readonly lines: LoggedLine[] = [];

  get errors(): LoggedLine[] {
    return this.lines.filter(({ level }) => level === "error");
  }

  debug(message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#keep({ level: "debug", message, fields });
  }
  info(message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#keep({ level: "info", message, fields });
  }
  warn(message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#keep({ level: "warn", message, fields });
  }
  error(message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.#keep({ level: "error", message, fields });
  }

  /** Only the first lines are kept, so that the logger does not look like a leak of the broker. */
  #keep(line: LoggedLine): void {
    if (this.lines.length < MAX_LINES || line.level === "error") this.lines.push(line);
  }
}

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes that live in the process: on the JavaScript heap after a collection, and in buffers beside it. */
export function heldBytes(): { heap: number; buffers: number } {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { heap: heapUsed, buffers: arrayBuffers };
}
