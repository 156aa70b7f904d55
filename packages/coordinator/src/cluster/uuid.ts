import type { Random } from "@ottla/runtime";

const UUID_BYTES = 16;

/**
 * A random version-4 UUID in Kafka's form, 22 characters of base64url. Ids that start with "-" are
 * drawn again, because command line tools would take them for a flag.
 */
export function randomUuid(random: Random): string {
  for (;;) {
    const bytes = random.bytes(UUID_BYTES).slice();
    bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
    bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
    const text = Buffer.from(bytes).toString("base64url");
    if (!text.startsWith("-")) return text;
  }
}
