import { describe, expect, it } from "vitest";
import { murmur2, partitionForKey } from "./murmur2.ts";

// Printed by Kafka's Utils.murmur2 and Utils.toPositive (compat/java/records: `hash FILE 1 4`).
const fromKafka = [
  ["2Jy4GW8O+2iS+U1o/MwsNfC4Rgnl8SxV3Q==", -58111868, 979, 749],
  ["cuWQARK4GSe6W7X2fhvaKLQEm/DkrteNsV178g==", 1462252173, 263, 51],
  ["O8KxfIE3rWWYePnpPfH2WDZ6yihkUkdLnvN2XiTpqIFzck3d", -1122347821, 438, 331],
  ["6tZBxY2tVpWBuu6ofBDUCkeQICjmHA==", -951056301, 690, 467],
] as const;

describe("murmur2", () => {
  it.each(fromKafka)("of %s and its partition are Kafka's", (key, hash, partitions, partition) => {
    const bytes = Buffer.from(key, "base64");
    expect(murmur2(bytes)).toBe(hash);
    expect(partitionForKey(bytes, partitions)).toBe(partition);
  });

  it("of keys of every remainder of four is Kafka's", () => {
    const hashes = ["21", "foobar", "a-little-bit-long-string", ""].map((key) =>
      murmur2(Buffer.from(key)),
    );
    expect(hashes).toEqual([-973932308, -790332482, -985981536, 275646681]);
  });

  it("reads shared memory", () => {
    const key = new Uint8Array(new SharedArrayBuffer(9), 3);
    key.set(Buffer.from("foobar"));
    expect(murmur2(key)).toBe(-790332482);
  });
});
