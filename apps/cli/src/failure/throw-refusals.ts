import type { KafkaError } from "@ottla/client";
import { CommandError } from "./exit.ts";
import { explainError } from "./explain-error.ts";
import { writeQuietly } from "../output/closed-pipe.ts";

/**
 * Requests about many things are answered one by one. Every refusal is told, the last as the error that
 * ends the command, so that none is lost and the exit code says that something failed.
 */
export function throwRefusals<T extends { readonly error?: KafkaError }>(
  results: readonly T[],
  nameOf: (result: T) => string,
): void {
  const refused = results.filter((result) => result.error !== undefined);
  const lines = refused.map((result) => `${nameOf(result)}: ${explainError(result.error)}`);
  const last = lines.pop();
  for (const line of lines) writeQuietly(process.stderr, `ottla: ${line}\n`);
  if (last !== undefined) throw new CommandError(last);
}
