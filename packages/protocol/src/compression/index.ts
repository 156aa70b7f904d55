export {
  COMPRESSION_NAMES,
  CompressionType,
  compressionName,
  compressionTypeByName,
  type CompressionName,
} from "./compression-type.ts";
export { compress, decompress } from "./registry.ts";
