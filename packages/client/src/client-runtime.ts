import { connect, type Socket } from "node:net";

/** A pending timer. Cancelling twice, or after it fired, does nothing. */
export interface ClientTimer {
  cancel(): void;
}

/**
 * What the client takes from the outside world. It stands on the protocol package alone, so it has
 * this seam of its own; a test hands in another one to move time by command.
 */
export interface ClientRuntime {
  /** Wall-clock time in milliseconds since the Unix epoch, for record timestamps. */
  nowMs(): number;
  /** Milliseconds from an arbitrary start which never go back, for timeouts. */
  monotonicMs(): number;
  setTimer(delayMs: number, callback: () => void): ClientTimer;
  /** Calls back once the events that are already waiting have been handled. */
  defer(callback: () => void): void;
  /** A float in [0, 1). */
  random(): number;
  /** A socket that is being connected. */
  connect(address: { readonly host: string; readonly port: number }): Socket;
}

/** The largest delay that a Node timer takes; a longer one would fire at once. */
const MAX_TIMER_MS = 0x7fffffff;

/** The only place of the client that touches the clock, timers, randomness and sockets of Node. */
export const systemRuntime: ClientRuntime = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(delayMs, 0), MAX_TIMER_MS));
    return { cancel: () => clearTimeout(timer) };
  },
  defer: (callback) => void setImmediate(callback),
  random: () => Math.random(),
  connect: ({ host, port }) => connect({ host, port, noDelay: true, keepAlive: true }),
};
