import { describe, expect, test } from "vitest";
import { ReceiveBudget, type Receiver } from "./receive-budget.ts";

class FakeConnection implements Receiver {
  paused = false;
  pauseReceiving(): void {
    this.paused = true;
  }
  resumeReceiving(): void {
    this.paused = false;
  }
}

describe("ReceiveBudget", () => {
  test("pauses whoever exceeds the budget, but never the oldest holder, so that one frame can always complete", () => {
    const budget = new ReceiveBudget(100);
    const oldest = new FakeConnection();
    const younger = new FakeConnection();
    budget.take(oldest, 80);
    budget.take(younger, 80);
    expect(younger.paused).toBe(true);
    budget.take(oldest, 500);
    expect(oldest.paused).toBe(false);
  });

  test("lets the paused ones go on when bytes are given back", () => {
    const budget = new ReceiveBudget(100);
    const oldest = new FakeConnection();
    const younger = new FakeConnection();
    budget.take(oldest, 80);
    budget.take(younger, 80);
    budget.give(oldest, 80);
    expect(younger.paused).toBe(false);
    expect(budget.usedBytes).toBe(80);
  });

  test("a closed connection gives back all that it held and lets the next oldest go on", () => {
    const budget = new ReceiveBudget(100);
    const first = new FakeConnection();
    const second = new FakeConnection();
    const third = new FakeConnection();
    budget.take(first, 90);
    budget.take(second, 150);
    budget.take(third, 150);
    expect([second.paused, third.paused]).toEqual([true, true]);
    budget.forget(first);
    expect([second.paused, third.paused]).toEqual([false, true]);
    budget.forget(second);
    budget.forget(third);
    expect(budget.usedBytes).toBe(0);
  });

  test("reads small requests from a reserve while large ones fill the budget, until that is used up, too", () => {
    const budget = new ReceiveBudget(1_000_000);
    const [oldest, large] = [new FakeConnection(), new FakeConnection()];
    budget.take(oldest, 900_000);
    budget.take(large, 100_001);
    expect(large.paused).toBe(true);
    const small = Array.from({ length: 4 }, () => new FakeConnection());
    for (const one of small) budget.take(one, 60_000);
    expect(small.map(({ paused }) => paused)).toEqual([false, false, false, true]);
    budget.give(small[0]!, 60_000);
    budget.take(small[1]!, 10_000);
    expect(small[1]!.paused).toBe(true);
  });

  test("a frame that the oldest holder finishes beyond the budget does not use up the reserve for small requests", () => {
    const budget = new ReceiveBudget(100);
    const oldest = new FakeConnection();
    const large = new FakeConnection();
    const small = new FakeConnection();
    budget.take(oldest, 60);
    budget.take(large, 50);
    budget.take(oldest, 500);
    budget.take(small, 1);
    expect([oldest.paused, small.paused]).toEqual([false, false]);
  });
});
