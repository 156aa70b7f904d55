import type { Command } from "commander";
import {
  addConnectionFlags,
  collect,
  nonNegativeNumber,
  positiveNumber,
  refuseFlags,
  wholeNumber,
} from "../options/flags.ts";
import type { ConsumerGroupsFlags } from "./run-consumer-groups.ts";

/** `ottla consumer-groups`: the flags of kafka-consumer-groups. */
export function addConsumerGroupsCommand(program: Command): void {
  const command = program
    .command("consumer-groups")
    .description(
      "list, describe, reset and delete consumer groups, with the flags of kafka-consumer-groups",
    );
  addConnectionFlags(command)
    .option("--list", "list groups")
    .option("--describe", "show offsets and lag")
    .option("--reset-offsets", "move the offsets of a group that nobody uses")
    .option("--delete", "delete groups that nobody uses")
    .option("--delete-offsets", "delete the offsets of topics")
    .option("--group <group>", "the group; may be repeated", collect)
    .option("--all-groups", "all groups")
    .option(
      "--topic <topic[:partitions]>",
      "the topic, with partitions as in orders:0,1; may be repeated",
      collect,
    )
    .option("--all-topics", "all topics that the group has offsets of")
    .option("--members", "describe the members")
    .option("--offsets", "describe the offsets, which is the default")
    .option(
      "--state [states]",
      "describe the state; with --list, show it, or only groups in these states",
    )
    .option("--type [types]", "with --list: show the type, or only groups of these types")
    .option("--verbose", "with --members: also what is assigned to each")
    .option("--to-earliest", "reset to the first offset")
    .option("--to-latest", "reset to the end")
    .option("--to-current", "reset to what is committed")
    .option("--to-offset <offset>", "reset to this offset", nonNegativeNumber)
    .option(
      "--shift-by <count>",
      "reset by so many records forward or, when negative, back",
      wholeNumber,
    )
    .option(
      "--to-datetime <time>",
      "reset to the first record of that time or later (UTC unless it names a zone)",
    )
    .option("--by-duration <duration>", "reset to so long ago, for example PT1H30M")
    .option("--from-file <file>", "reset to the offsets of a file that --export wrote")
    .option("--dry-run", "only show what a reset would do, which is the default")
    .option("--execute", "do the reset")
    .option("--export", "print the result as CSV")
    .option("--timeout <ms>", "how long to wait for the groups", positiveNumber)
    .addHelpText("after", EXAMPLES)
    .action(async (flags: ConsumerGroupsFlags) => {
      const { runConsumerGroups } = await import("./run-consumer-groups.ts");
      await runConsumerGroups(flags);
    });
  refuseFlags(command, {
    "--validate-regex <regex>": "patterns are not subscribed to on the server here",
  });
}

const EXAMPLES = `
Examples:
  ottla consumer-groups --list --state
  ottla consumer-groups --describe --group billing
  ottla consumer-groups --reset-offsets --group billing --topic orders:0,1 --shift-by -10
  ottla consumer-groups --reset-offsets --group billing --all-topics --to-earliest --execute`;
