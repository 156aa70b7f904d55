import type { Random } from "@ottla/runtime";

/** A new member's id: something to recognise it by in listings, then a random UUID (version 4). */
export function newMemberId(prefix: string, random: Random): string {
  const bytes = random.bytes(16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Buffer.from(bytes).toString("hex");
  const uuid = [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20),
  ];
  return `${prefix}-${uuid.join("-")}`;
}
