import { SeededRandom, testSeed } from "@ottla/testkit";
import { expect, test } from "vitest";
import { halfSipHash } from "./key-hash.ts";
import { OffsetMap } from "./offset-map.ts";

test("the map holds the last offset of each key, at any fill, as a plain map does", () => {
  const seed = testSeed();
  const random = new SeededRandom(seed);
  const slots = 500;
  const map = new OffsetMap(OffsetMap.allocate(slots, random.bytes(16)));
  const model = new Map<string, number>();
  let offset = 2 ** 40;
  while (model.size < slots - 2) {
    const key = `${"k".repeat(random.nextInt(9))}${random.nextInt(5000)}`;
    const bytes = new TextEncoder().encode(key);
    offset += 1 + random.nextInt(1000);
    map.put(bytes, 0, bytes.length, offset);
    model.set(key, offset);
    expect(map.latestOffset).toBe(offset);
  }
  expect(map.size, `OTTLA_SEED=${seed}`).toBe(model.size);
  for (const [key, last] of model) {
    const bytes = new TextEncoder().encode(`.${key}.`);
    expect(map.get(bytes, 1, bytes.length - 2), `OTTLA_SEED=${seed}`).toBe(last);
  }
  expect(map.get(new TextEncoder().encode("nowhere"), 0, 7)).toBe(-1);
});

test("the hash is HalfSipHash-2-4: the first vectors of its reference implementation", () => {
  const expected = [
    "21 8d 1f 59 b9 b8 3c c8",
    "be 55 24 12 f8 38 73 15",
    "06 4f 39 ef 7c 50 eb 57",
  ];
  const input = Uint8Array.from({ length: 16 }, (_, index) => index);
  for (const [length, text] of expected.entries()) {
    const output = new Int32Array(2);
    halfSipHash(input, 0, length, 0x03020100, 0x07060504, output, 0);
    const bytes = Buffer.from(output.buffer).toString("hex");
    expect(bytes.match(/../g)?.join(" ")).toBe(text);
  }
});
