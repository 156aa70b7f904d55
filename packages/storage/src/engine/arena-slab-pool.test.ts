import { SeededRandom, testSeed } from "@ottla/testkit";
import { describe, expect, it } from "vitest";
import { allocateWhenSpace, ArenaSlabPool } from "./arena-slab-pool.ts";
import type { SlabSlice } from "./slab-pool.ts";

const KIB = 1024;

function pool(budgetKib: number, reclaim?: () => boolean): ArenaSlabPool {
  const options = { budgetBytes: budgetKib * KIB, arenaBytes: 16 * KIB };
  return new ArenaSlabPool(reclaim === undefined ? options : { ...options, reclaim });
}

function must(slice: SlabSlice | undefined): SlabSlice {
  if (slice === undefined) throw new Error("no space");
  return slice;
}

describe("ArenaSlabPool", () => {
  it("never hands out the same bytes twice, stays in its budget, and gives all of it back", () => {
    const seed = testSeed();
    const random = new SeededRandom(seed);
    const slabs = pool(128);
    const alive: { slice: SlabSlice; mark: number }[] = [];
    for (let step = 0; step < 20_000; step += 1) {
      if (random.chance(0.55)) {
        const slice = slabs.allocate(1 + random.nextInt(random.chance(0.05) ? 40 * KIB : 3 * KIB));
        if (slice !== undefined) {
          const mark = random.nextInt(256);
          slice.bytes.fill(mark);
          alive.push({ slice, mark });
        }
      } else if (alive.length > 0) {
        const [released] = alive.splice(random.nextInt(alive.length), 1);
        const intact = released?.slice.bytes.every((byte) => byte === released.mark);
        expect(intact, `OTTLA_SEED=${seed} step ${step}`).toBe(true);
        released?.slice.release();
      }
      expect(slabs.usedBytes).toBeLessThanOrEqual(slabs.budgetBytes);
    }
    for (const { slice } of alive) slice.release();
    expect(slabs.usedBytes).toBe(0);
  });

  it("keeps an arena as long as any reference to a part of it lives", () => {
    const slabs = pool(16);
    const slice = must(slabs.allocate(10 * KIB));
    const part = slice.subslice(KIB, KIB);
    part.retain();
    slice.release();
    expect(slabs.allocate(10 * KIB)).toBeUndefined();
    part.release();
    expect(slabs.allocate(10 * KIB)).toBeDefined();
  });

  it("calls a release beyond the last reference a bug", () => {
    const slice = must(pool(16).allocate(KIB));
    slice.release();
    expect(() => slice.release()).toThrow("released once per reference");
    expect(() => slice.retain()).toThrow("while it is alive");
  });

  it("lets a slice larger than the whole budget through when nothing else is in use, and only then", () => {
    const slabs = pool(32);
    const small = must(slabs.allocate(KIB));
    expect(slabs.allocate(64 * KIB)).toBeUndefined();
    small.release();
    const large = must(slabs.allocate(64 * KIB));
    expect(slabs.allocate(16 * KIB)).toBeUndefined();
    large.release();
    expect(slabs.allocate(16 * KIB)).toBeDefined();
  });

  it("asks for cached memory before it refuses", () => {
    const cached: SlabSlice[] = [];
    const slabs = pool(32, () => {
      const oldest = cached.shift();
      oldest?.release();
      return oldest !== undefined;
    });
    for (let index = 0; index < 4; index += 1) cached.push(must(slabs.allocate(8 * KIB)));
    expect(must(slabs.allocate(8 * KIB)).bytes.length).toBe(8 * KIB);
    expect(cached).toHaveLength(2);
  });

  it("wakes who waits when only a cache still holds the memory, though no arena became free", async () => {
    const cached: SlabSlice[] = [];
    const slabs = pool(16, () => {
      const oldest = cached.shift();
      oldest?.release();
      return oldest !== undefined;
    });
    const slice = must(slabs.allocate(16 * KIB));
    let later: SlabSlice | undefined;
    void allocateWhenSpace(slabs, 16 * KIB).then((allocated) => (later = allocated));
    // As an append that is done: the cache takes a reference, and the connection gives up its own.
    slice.retain();
    cached.push(slice);
    slice.release();
    await new Promise((resolve) => setImmediate(resolve));
    expect(later?.length).toBe(16 * KIB);
  });

  it("wakes those who wait for space once each, in order, and not those who gave up", async () => {
    const slabs = pool(16);
    const slice = must(slabs.allocate(16 * KIB));
    const order: string[] = [];
    const first = allocateWhenSpace(slabs, 10 * KIB).then((later) => {
      order.push("first");
      return later;
    });
    const second = allocateWhenSpace(slabs, 10 * KIB).then(() => order.push("second"));
    slabs.whenSpace(() => order.push("never"))();
    slice.release();
    const held = await first;
    await Promise.resolve();
    expect(order).toEqual(["first"]);
    held.release();
    await second;
    expect(order).toEqual(["first", "second"]);
  });
});
