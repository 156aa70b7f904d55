import { ErrorCode } from "@ottla/protocol";
import { KafkaError } from "../errors.ts";

/** Results of a request for many things carry their errors one by one. */
export interface WithError {
  readonly error?: KafkaError;
}

export function errorOf(code: number, detail?: string | null): WithError {
  return code === ErrorCode.NONE ? {} : { error: new KafkaError(code, detail) };
}
