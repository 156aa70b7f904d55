export * from "./byte-reader.ts";
export * from "./byte-writer.ts";
export * from "./limits.ts";
export * from "./interpret.ts";
