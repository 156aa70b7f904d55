import type { Command } from "commander";
import { existsSync } from "node:fs";
import { UsageError } from "./failure/exit.ts";
import { didYouMean } from "./options/nearest-name.ts";

/** A word that is no command stands for a file of server settings, so it must be one. */
export function checkCommand(word: string, program: Command): void {
  const names = [...program.commands.map((command) => command.name()), "help"];
  if (names.includes(word) || /[./\\]/.test(word) || existsSync(word)) return;
  const guess = didYouMean(word, names);
  throw new UsageError(
    `there is no command ${word}${guess === "" ? ': "ottla --help" lists them' : guess}`,
  );
}
