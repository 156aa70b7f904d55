export { crc32c } from "./crc32c.ts";
export { xxhash32 } from "./xxhash32.ts";
