import { describe, expect, it } from "vitest";
import type { Clock, Timer } from "./clock.ts";
import { Purgatory, type DelayedOperation, type DelayedOutcome } from "./purgatory.ts";

/** Time that moves when told to. */
class SteppedClock implements Clock {
  #nowMs = 0;
  #timers: { atMs: number; callback: () => void }[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  setTimer(delayMs: number, callback: () => void): Timer {
    const timer = { atMs: this.#nowMs + delayMs, callback };
    this.#timers.push(timer);
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      },
    };
  }

  sleep(): Promise<void> {
    throw new Error("nothing here sleeps");
  }

  get timerCount(): number {
    return this.#timers.length;
  }

  advance(byMs: number): void {
    this.#nowMs += byMs;
    const due = this.#timers.filter(({ atMs }) => atMs <= this.#nowMs);
    this.#timers = this.#timers.filter(({ atMs }) => atMs > this.#nowMs);
    for (const { callback } of due) callback();
  }
}

class Waiting implements DelayedOperation {
  ready = false;
  asked = 0;
  readonly outcomes: DelayedOutcome[] = [];

  canComplete(): boolean {
    this.asked += 1;
    return this.ready;
  }

  onEnd(outcome: DelayedOutcome): void {
    this.outcomes.push(outcome);
  }
}

function start(): { clock: SteppedClock; purgatory: Purgatory; operation: Waiting } {
  const clock = new SteppedClock();
  return { clock, purgatory: new Purgatory(clock), operation: new Waiting() };
}

describe("Purgatory", () => {
  it("completes an operation at once when its condition holds already", () => {
    const { clock, purgatory, operation } = start();
    operation.ready = true;
    expect(purgatory.completeOrWatch(operation, { keys: ["a"], timeoutMs: 100 }).ended).toBe(true);
    expect(operation.outcomes).toEqual(["completed"]);
    expect([purgatory.size, purgatory.keyCount, clock.timerCount]).toEqual([0, 0, 0]);
  });

  it("tries again on events of every watched key and of no other", () => {
    const { purgatory, operation } = start();
    purgatory.completeOrWatch(operation, { keys: ["a", "__proto__"], timeoutMs: 100 });
    expect(purgatory.notify("c")).toBe(0);
    expect(operation.asked).toBe(1);
    expect(purgatory.notify("a")).toBe(0);
    expect(operation.asked).toBe(2);
    operation.ready = true;
    expect(purgatory.notify("__proto__")).toBe(1);
    expect(operation.outcomes).toEqual(["completed"]);
  });

  it("ends an operation exactly once, whatever happens afterwards", () => {
    const { clock, purgatory, operation } = start();
    const watched = purgatory.completeOrWatch(operation, { keys: ["a", "b"], timeoutMs: 100 });
    operation.ready = true;
    purgatory.notify("a");
    purgatory.notify("b");
    watched.cancel();
    clock.advance(1000);
    purgatory.cancelAll();
    expect(operation.outcomes).toEqual(["completed"]);
    expect([purgatory.size, purgatory.keyCount, clock.timerCount]).toEqual([0, 0, 0]);
  });

  it("expires an operation at its deadline and not before", () => {
    const { clock, purgatory, operation } = start();
    purgatory.completeOrWatch(operation, { keys: ["a"], timeoutMs: 100 });
    clock.advance(99);
    expect(operation.outcomes).toEqual([]);
    clock.advance(1);
    expect(operation.outcomes).toEqual(["expired"]);
    expect(purgatory.keyCount).toBe(0);
  });

  it("looks a last time at the deadline before it gives up", () => {
    const { clock, purgatory, operation } = start();
    purgatory.completeOrWatch(operation, { keys: [], timeoutMs: 100 });
    operation.ready = true;
    clock.advance(100);
    expect(operation.outcomes).toEqual(["completed"]);
  });

  it("expires an operation without a timeout at once", () => {
    const { purgatory, operation } = start();
    purgatory.completeOrWatch(operation, { keys: ["a"], timeoutMs: 0 });
    expect(operation.outcomes).toEqual(["expired"]);
  });

  it("does not ask an operation again from within its own attempt", () => {
    const { purgatory } = start();
    let depth = 0;
    const outcomes: DelayedOutcome[] = [];
    purgatory.completeOrWatch(
      {
        canComplete: () => {
          depth += 1;
          purgatory.notify("a");
          return depth === 2;
        },
        onEnd: (outcome) => outcomes.push(outcome),
      },
      { keys: ["a"], timeoutMs: 10 },
    );
    expect(purgatory.notify("a")).toBe(1);
    expect(depth).toBe(2);
    expect(outcomes).toEqual(["completed"]);
  });

  it("cancels the operations of one key only", () => {
    const { purgatory, operation } = start();
    const other = new Waiting();
    purgatory.completeOrWatch(operation, { keys: ["a"], timeoutMs: 10 });
    purgatory.completeOrWatch(other, { keys: ["b"], timeoutMs: 10 });
    purgatory.cancelKey("a");
    expect([operation.outcomes, other.outcomes]).toEqual([["cancelled"], []]);
    expect(purgatory.size).toBe(1);
  });
});
