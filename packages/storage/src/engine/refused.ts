import { errorInfo } from "@ottla/protocol";
import type { AppendOutcome } from "./storage-engine.ts";

/** The outcome of an append that was not even looked at. */
export function refused(errorCode: number): Extract<AppendOutcome, { ok: false }> {
  return { ok: false, errorCode, message: errorInfo(errorCode).message };
}
