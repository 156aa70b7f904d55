import { UsageError } from "../failure/exit.ts";

/** Kafka's topic filters: a regular expression for the whole name, or several with commas between. */
export function compileTopicPattern(text: string): RegExp {
  const alternatives = text
    .trim()
    .replace(/^["']|["']$/g, "")
    .replace(/\s*,\s*/g, "|");
  try {
    return new RegExp(`^(?:${alternatives})$`, "u");
  } catch (error) {
    throw new UsageError(`"${text}" is no regular expression: ${(error as Error).message}`);
  }
}
