import type { Command } from "commander";
import type { VerifyLogFlags } from "./run-verify-log.ts";

/** `ottla verify-log`: is everything in a data directory as it should be? It only reads, and needs no broker. */
export function addVerifyLogCommand(program: Command): void {
  program
    .command("verify-log")
    .description(
      "check a data directory, a partition in it or a single segment, of Ottla or Kafka; changes nothing",
    )
    .argument("<path>", "a data directory, a directory in it like orders-0, or a .log file")
    .option("--deep", "also decompress every batch and read every record")
    .option("--json", "everything that was found, for programs")
    .addHelpText("after", EXAMPLES)
    .action(async (path: string, flags: VerifyLogFlags) => {
      const { runVerifyLog } = await import("./run-verify-log.ts");
      await runVerifyLog(path, flags);
    });
}

const EXAMPLES = `
Examples:
  ottla verify-log ottla-data
  ottla verify-log --deep ottla-data/orders-0

The exit status is 1 when data is damaged. What the next start repairs by itself (index files, a torn tail) is
listed and leaves it 0.`;
