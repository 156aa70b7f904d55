import { expect, test } from "vitest";
import { ReleaseQueue, type Releasable } from "./release-queue.ts";

class Entry implements Releasable {
  recentlyUsed = false;
  inUse = false;
  released = 0;

  release(): void {
    this.released++;
  }
}

function filled(count: number, costMax: number): { queue: ReleaseQueue; entries: Entry[] } {
  const queue = new ReleaseQueue(costMax);
  const entries = Array.from({ length: count }, () => new Entry());
  for (const entry of entries) queue.add(entry, 1);
  return { queue, entries };
}

const released = (entries: readonly Entry[]): number[] => entries.map((entry) => entry.released);

test("beyond its bound the queue releases the oldest entries that were not used", () => {
  const { queue, entries } = filled(5, 3);
  expect(released(entries)).toEqual([1, 1, 0, 0, 0]);
  expect(queue.cost).toBe(3);
});

test("what was used since the last look gets a second chance", () => {
  const { queue, entries } = filled(3, 3);
  entries[0]!.recentlyUsed = true;
  queue.add(new Entry(), 1);
  expect(released(entries)).toEqual([0, 1, 0]);
  queue.add(new Entry(), 2);
  expect(released(entries)).toEqual([0, 1, 1]);
});

test("what is in use stays, whatever the bound", () => {
  const { queue, entries } = filled(2, 2);
  for (const entry of entries) entry.inUse = true;
  queue.add(new Entry(), 5);
  expect(released(entries)).toEqual([0, 0]);
  expect(queue.cost).toBe(7);
});

test("an entry that leaves by itself costs nothing any more", () => {
  const { queue, entries } = filled(3, 3);
  queue.remove(entries[1]!);
  queue.remove(entries[1]!);
  expect(queue.cost).toBe(2);
});
