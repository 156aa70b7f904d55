import { CommanderError, type Command } from "commander";
import { EXIT_FAILURE, EXIT_USAGE, UsageError } from "./failure/exit.ts";
import { createProgram, hintFor } from "./program.ts";
import { writeQuietly } from "./output/closed-pipe.ts";

let running: Command | undefined;

async function main(args: readonly string[]): Promise<void> {
  const program = createProgram();
  program.hook("preAction", (_, action) => {
    running = action;
  });
  const first = args[0];
  if (first === "--version" || first === "-V") {
    const { ottlaVersion } = await import("./version.ts");
    writeQuietly(process.stdout, `${ottlaVersion()}\n`);
    return;
  }
  const word = first === "help" ? args[1] : first;
  if (word !== undefined && !word.startsWith("-")) {
    const { checkCommand } = await import("./unknown-command.ts");
    checkCommand(word, program);
  }
  await program.parseAsync(first === "help" ? [...args.slice(1), "--help"] : args, {
    from: "user",
  });
}

/** Tells the failure in one line and gives the exit code. */
async function tell(error: unknown): Promise<number> {
  // Commander has said what is wrong; help and version end this way too.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_USAGE;
  if (error instanceof UsageError) {
    writeQuietly(
      process.stderr,
      `ottla: ${error.message}\n${running === undefined ? "" : `${hintFor(running)}\n`}`,
    );
    return EXIT_USAGE;
  }
  const { OutputClosedError } = await import("./output/standard-output.ts");
  if (error instanceof OutputClosedError) return 0;
  const { explainError } = await import("./failure/explain-error.ts");
  const explained = explainError(error);
  if (explained === undefined) {
    // Not foreseen, so a fault of ours: all that is known about it helps to find it.
    writeQuietly(
      process.stderr,
      `ottla: internal error: ${error instanceof Error ? error.stack : String(error)}\n`,
    );
  } else {
    writeQuietly(process.stderr, `ottla: ${explained}\n`);
  }
  return EXIT_FAILURE;
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = await tell(error);
}
