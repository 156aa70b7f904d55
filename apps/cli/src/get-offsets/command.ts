import type { Command } from "commander";
import { addConnectionFlags, refuseFlags } from "../options/flags.ts";
import type { GetOffsetsFlags } from "./run-get-offsets.ts";

/** `ottla get-offsets`: the flags of kafka-get-offsets. */
export function addGetOffsetsCommand(program: Command): void {
  const command = program
    .command("get-offsets")
    .description("print offsets of partitions, with the flags of kafka-get-offsets");
  addConnectionFlags(command)
    .option("--topic <regex>", "only topics whose name matches")
    .option("--partitions <ids>", "only these partitions, with commas between")
    .option(
      "--time <time>",
      "latest (-1), earliest (-2), max-timestamp (-3), or milliseconds since 1970",
      "latest",
    )
    .option("--exclude-internal-topics", "leave out internal topics")
    .addHelpText("after", EXAMPLES)
    .action(async (flags: GetOffsetsFlags) => {
      const { runGetOffsets } = await import("./run-get-offsets.ts");
      await runGetOffsets(flags);
    });
  refuseFlags(command, {
    "--topic-partitions <list>": "use --topic and --partitions",
  });
}

const EXAMPLES = `
Examples:
  ottla get-offsets --topic orders
  ottla get-offsets --topic 'orders.*' --time earliest`;
