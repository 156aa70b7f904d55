/** The codec number in bits 0 to 2 of a batch's attributes. */
export const CompressionType = { NONE: 0, GZIP: 1, SNAPPY: 2, LZ4: 3, ZSTD: 4 } as const;
export type CompressionType = (typeof CompressionType)[keyof typeof CompressionType];

/** The names that Kafka's settings (`compression.type`) use. */
export const COMPRESSION_NAMES = ["none", "gzip", "snappy", "lz4", "zstd"] as const;
export type CompressionName = (typeof COMPRESSION_NAMES)[number];

export function compressionName(type: CompressionType): CompressionName {
  return COMPRESSION_NAMES[type];
}

/** The codec of that name, or undefined when there is none. */
export function compressionTypeByName(name: string): CompressionType | undefined {
  const index = (COMPRESSION_NAMES as readonly string[]).indexOf(name);
  return index < 0 ? undefined : (index as CompressionType);
}
