import { errorInfo } from "./error-info.ts";

/** An error code that a peer answered with, as an exception for callers that want one. */
export class ProtocolError extends Error {
  readonly code: number;
  readonly errorName: string;
  readonly retriable: boolean;

  constructor(code: number, detail?: string | null) {
    const info = errorInfo(code);
    super(`${info.name}: ${detail ? detail : info.message}`);
    this.name = "ProtocolError";
    this.code = code;
    this.errorName = info.name;
    this.retriable = info.retriable;
  }
}
