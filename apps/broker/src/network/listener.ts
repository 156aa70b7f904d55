import { createServer, type Server, type Socket } from "node:net";
import type { Clock, Logger, Timer } from "@ottla/runtime";
import type { SlabPool } from "@ottla/storage";
import type { RequestFrame } from "../request/request-context.ts";
import { Connection } from "./connection.ts";
import type { ReceiveBudget } from "./receive-budget.ts";
import type { ReceiveMemory } from "./receive-memory.ts";
import type { Reply } from "./response-queue.ts";

/** How often idle connections are looked for. */
const IDLE_SWEEP_MS = 1_000;

export interface ListenerOptions {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly slabs: SlabPool;
  readonly receiveMemory: ReceiveMemory;
  readonly budget: ReceiveBudget;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly maxFrameBytes: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerIp: number;
  /** A connection with nothing under way is closed after this time without a byte. */
  readonly maxIdleMs: number;
  readonly serve: (frame: RequestFrame, connection: Connection) => Promise<Reply>;
}

/** Accepts the connections of one listener and ends them: idle, over the limit, or at shutdown. */
export class Listener {
  readonly name: string;
  readonly #options: ListenerOptions;
  readonly #server: Server;
  readonly #connections = new Set<Connection>();
  readonly #perIp = new Map<string, number>();
  #sweep: Timer | undefined;
  #accepted = 0;

  constructor(options: ListenerOptions) {
    this.name = options.name;
    this.#options = options;
    this.#server = createServer({ noDelay: true, pauseOnConnect: true }, (socket) => this.#accept(socket));
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** The port that was bound; meaningful after `listen`. */
  get port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address ? address.port : this.#options.port;
  }

  get host(): string {
    return this.#options.host;
  }

  /** Rejects with Node's error (EADDRINUSE, EACCES, EADDRNOTAVAIL). */
  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ host: this.#options.host, port: this.#options.port, backlog: 511 }, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
    this.#server.on("error", (error) => this.#options.logger.error("listener failed", { listener: this.name, error: error.message }));
    this.#armSweep();
  }

  /** Stops accepting, lets requests under way finish until the deadline, then closes the rest. */
  async close(graceMs: number): Promise<void> {
    this.#sweep?.cancel();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const connection of this.#connections) connection.drain();
    const timer = this.#options.clock.setTimer(graceMs, () => {
      for (const connection of this.#connections) connection.close();
    });
    await closed;
    timer.cancel();
  }

  #accept(socket: Socket): void {
    const remoteHost = socket.remoteAddress ?? "";
    const fromSameIp = this.#perIp.get(remoteHost) ?? 0;
    if (this.#connections.size >= this.#options.maxConnections || fromSameIp >= this.#options.maxConnectionsPerIp) {
      this.#options.logger.warn("refused a connection: too many", { listener: this.name, remoteHost });
      socket.destroy();
      return;
    }
    const connection = new Connection({
      ...this.#options,
      socket,
      maxFrameBytes: () => this.#options.maxFrameBytes,
      info: {
        id: `${this.name}-${++this.#accepted}`,
        listenerName: this.name,
        localHost: plainHost(socket.localAddress ?? this.#options.host),
        localPort: socket.localPort ?? this.port,
        remoteHost: plainHost(remoteHost),
        remotePort: socket.remotePort ?? 0,
        clientSoftwareName: "",
        clientSoftwareVersion: "",
      },
      onClosed: (ended) => this.#forget(ended, remoteHost),
    });
    this.#connections.add(connection);
    this.#perIp.set(remoteHost, fromSameIp + 1);
  }

  #forget(connection: Connection, remoteHost: string): void {
    this.#connections.delete(connection);
    const count = (this.#perIp.get(remoteHost) ?? 1) - 1;
    if (count > 0) this.#perIp.set(remoteHost, count);
    else this.#perIp.delete(remoteHost);
  }

  #armSweep(): void {
    this.#sweep = this.#options.clock.setTimer(IDLE_SWEEP_MS, () => {
      const oldestMs = this.#options.clock.monotonicMs() - this.#options.maxIdleMs;
      for (const connection of this.#connections) {
        if (connection.isIdle && connection.lastActivityMs < oldestMs) connection.close();
      }
      this.#armSweep();
    });
  }
}

/** An IPv4 client of a dual-stack socket is given as `::ffff:a.b.c.d`, which clients cannot use as a host. */
function plainHost(address: string): string {
  return address.startsWith("::ffff:") ? address.slice("::ffff:".length) : address;
}
