import { Option, type Command } from "commander";
import { addConnectionFlags, collect, nonNegativeNumber } from "../options/flags.ts";
import type { ProduceFlags } from "./run-produce.ts";

/** `ottla produce`: the short form. */
export function addProduceCommand(program: Command): void {
  const command = program
    .command("produce")
    .description("write a record per line of standard input")
    .argument("<topic>", "topic to write to");
  addConnectionFlags(command)
    .option("-k, --key <key>", "key of every record")
    .option(
      "-K, --key-separator <text>",
      "each line is key, this text, value; \\t and \\n are understood",
    )
    .option("-H, --header <name=value>", "header of every record; may be repeated", collect)
    .option("-p, --partition <number>", "write to this partition only", nonNegativeNumber)
    .addOption(
      new Option("-z, --compression <codec>", "compress batches").choices([
        "none",
        "gzip",
        "snappy",
        "lz4",
        "zstd",
      ]),
    )
    .addOption(
      new Option("--acks <acks>", "who must have a record before it counts as stored").choices([
        "all",
        "-1",
        "0",
        "1",
      ]),
    )
    .addHelpText("after", EXAMPLES)
    .action(async (topic: string, flags: ProduceFlags) => {
      const { runProduce } = await import("./run-produce.ts");
      await runProduce(topic, flags);
    });
}

const EXAMPLES = `
Examples:
  echo hello | ottla produce greetings
  ottla produce orders -K : < orders.txt          each line is key:value
  ottla produce orders -k order-17 -H source=shop -z zstd`;
