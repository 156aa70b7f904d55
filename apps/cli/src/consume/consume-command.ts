import { Option, type Command } from "commander";
import { addConnectionFlags, nonNegativeNumber } from "../options/flags.ts";
import type { ConsumeFlags } from "./run-consume.ts";

/** `ottla consume`: the short form. */
export function addConsumeCommand(program: Command): void {
  const command = program
    .command("consume")
    .description("print the records of a topic")
    .argument("<topic>", "topic to read");
  addConnectionFlags(command)
    .option(
      "-o, --offset <place>",
      "where to start: beginning, end (default), an offset, -N for the last N, @TIME, @-1h",
    )
    .option("-e, --exit", "stop at what is the end now")
    .option("-c, --count <number>", "stop after so many records", nonNegativeNumber)
    .option("-f, --format <format>", "how to print a record, default '%v\\n'; see below")
    .option("-g, --group <group>", "share the topic with a group, and commit offsets")
    .option("-p, --partition <number>", "read this partition only", nonNegativeNumber)
    .addOption(
      new Option("--output <format>", "text, or json for one object per line")
        .choices(["text", "json"])
        .default("text"),
    )
    .addOption(
      new Option("--isolation-level <level>", "what to do with transactions").choices([
        "read_uncommitted",
        "read_committed",
      ]),
    )
    .addHelpText("after", HELP)
    .action(async (topic: string, flags: ConsumeFlags) => {
      const { runConsume } = await import("./run-consume.ts");
      await runConsume(topic, flags);
    });
}

const HELP = `
Format:
  %k key          %o offset      %T timestamp in ms      %K length of the key, -1 when null
  %v value        %p partition   %h headers              %V length of the value, -1 when null
  %t topic        %% percent     \\n \\t \\r \\0 \\xHH

Examples:
  ottla consume orders -o beginning -e | wc -l
  ottla consume orders -o -10 -f '%p:%o %k %v\\n'
  ottla consume orders -o @-1h --output json | jq .value
  ottla consume orders -g billing`;
