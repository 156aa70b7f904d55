export * from "./decode-error.ts";
export * from "./encode-error.ts";
export * from "./error-codes.ts";
export * from "./error-info.ts";
export * from "./protocol-error.ts";
