/** Java's `String.hashCode`: 31-based over UTF-16 code units, in 32-bit arithmetic. */
export function javaStringHash(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at++) {
    hash = (Math.imul(31, hash) + text.charCodeAt(at)) | 0;
  }
  return hash;
}

/**
 * The partition of an internal topic that belongs to a group or transactional id. The result is
 * part of the on-disk contract: another partition count moves every key, so it never changes.
 */
export function partitionForId(id: string, partitionCount: number): number {
  const hash = javaStringHash(id);
  // Math.abs(-2^31) does not fit an int32; Kafka takes 0 for it.
  const positive = hash === -(2 ** 31) ? 0 : Math.abs(hash);
  return positive % partitionCount;
}
