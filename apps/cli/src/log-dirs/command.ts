import type { Command } from "commander";
import { addConnectionFlags } from "../options/flags.ts";
import type { LogDirsFlags } from "./run-log-dirs.ts";

/** `ottla log-dirs`: the flags of kafka-log-dirs. */
export function addLogDirsCommand(program: Command): void {
  const command = program
    .command("log-dirs")
    .description("show log directories and what lies in them, with the flags of kafka-log-dirs");
  addConnectionFlags(command)
    .requiredOption("--describe", "show them, as one line of JSON")
    .option("--broker-list <ids>", "only these brokers, with commas between")
    .option("--topic-list <topics>", "only partitions of these topics, with commas between")
    .addHelpText("after", EXAMPLES)
    .action(async (flags: LogDirsFlags) => {
      const { runLogDirs } = await import("./run-log-dirs.ts");
      await runLogDirs(flags);
    });
}

const EXAMPLES = `
Examples:
  ottla log-dirs --describe
  ottla log-dirs --describe --topic-list orders | tail -1 | jq '.brokers[].logDirs[]'`;
