import { backoffMs, sleep } from "../backoff.ts";
import { formatAddress, type Address, type ConnectionSettings } from "../options.ts";
import { Connection } from "./connection.ts";

/**
 * The way to one broker for one purpose. It connects when it is first needed and again after a loss,
 * and waits longer after each failed attempt, so that a dead broker is not hammered.
 */
export class BrokerLink {
  readonly address: Address;
  readonly #settings: ConnectionSettings;
  readonly #signal: AbortSignal;
  readonly #abort = new AbortController();
  #connection: Connection | undefined;
  #connecting: Promise<Connection> | undefined;
  #failures = 0;
  #nextAttemptMs = 0;

  constructor(address: Address, settings: ConnectionSettings, signal: AbortSignal) {
    this.address = address;
    this.#settings = settings;
    this.#signal = AbortSignal.any([signal, this.#abort.signal]);
  }

  get isOpen(): boolean {
    return this.#connection?.isOpen === true;
  }

  get load(): number {
    return this.#connection?.load ?? 0;
  }

  /** The open connection, or undefined when one would have to be made first. */
  get current(): Connection | undefined {
    return this.isOpen ? this.#connection : undefined;
  }

  connect(): Promise<Connection> {
    if (this.#connection?.isOpen === true) return Promise.resolve(this.#connection);
    this.#connecting ??= this.#open().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }

  close(): void {
    this.#abort.abort();
    this.#connection?.close();
  }

  async #open(): Promise<Connection> {
    const { runtime, reconnectBackoff, logger } = this.#settings;
    this.#signal.throwIfAborted();
    const waitMs = this.#nextAttemptMs - runtime.monotonicMs();
    if (waitMs > 0) await sleep(runtime, waitMs, this.#signal);
    try {
      this.#connection = await Connection.open(this.address, this.#settings, this.#signal);
      this.#failures = 0;
      logger.debug(`connected to ${formatAddress(this.address)}`);
      return this.#connection;
    } catch (error) {
      logger.debug(`cannot connect to ${formatAddress(this.address)}: ${String(error)}`);
      throw error;
    } finally {
      // Also after success: a broker that accepts and closes at once would otherwise make a busy loop.
      const delayMs = backoffMs(reconnectBackoff, this.#failures++, runtime.random());
      this.#nextAttemptMs = runtime.monotonicMs() + delayMs;
      if (this.isOpen) this.#failures = 0;
    }
  }
}
