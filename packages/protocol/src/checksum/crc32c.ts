import { crc32c as nativeCrc32c } from "@node-rs/crc32";

/**
 * CRC-32C (Castagnoli), as in record batches. Pass the result of an earlier call as `previous` to
 * continue over the next slice. Views of shared memory are read in place.
 */
export function crc32c(bytes: Uint8Array, previous = 0): number {
  return nativeCrc32c(bytes, previous);
}
