import { Option, type Command } from "commander";
import { addConnectionFlags, addOutputFlag, collect, wholeNumber } from "../options/flags.ts";
import type { GroupFlags, GroupResetFlags } from "./run-group.ts";

/** `ottla group`: the short form. */
export function addGroupCommand(program: Command): void {
  const group = program
    .command("group")
    .description("list, describe, reset and delete consumer groups")
    .addHelpText("after", EXAMPLES);
  addOutputFlag(addConnectionFlags(group.command("list").alias("ls").description("list groups")))
    .addHelpText("after", "\nExample:\n  ottla group list")
    .action(async (flags: GroupFlags) => (await load()).listGroups(flags));
  addOutputFlag(
    addConnectionFlags(
      group.command("describe").description("show members, offsets and lag").argument("<group>"),
    ),
  )
    .addHelpText("after", "\nExample:\n  ottla group describe billing")
    .action(async (name: string, flags: GroupFlags) => (await load()).describeGroup(name, flags));
  addOutputFlag(
    addConnectionFlags(
      group
        .command("reset")
        .description("move the offsets of a group that nobody uses")
        .argument("<group>"),
    ),
  )
    .option(
      "-t, --topic <topic[:partitions]>",
      "only this topic, with partitions as in orders:0,1; may be repeated",
      collect,
    )
    .option("--to <place>", "beginning, end, current, an offset, @TIME or @-1h")
    .option("--shift-by <count>", "so many records forward or, when negative, back", wholeNumber)
    .addOption(
      new Option("--dry-run", "only show what would change, which is the default").conflicts(
        "execute",
      ),
    )
    .option("--execute", "do it")
    .addHelpText(
      "after",
      "\nExamples:\n  ottla group reset billing --to beginning\n  ottla group reset billing -t orders:0 --to @-1h --execute",
    )
    .action(async (name: string, flags: GroupResetFlags) => (await load()).resetGroup(name, flags));
  addConnectionFlags(
    group
      .command("delete")
      .alias("rm")
      .description("delete groups and their offsets")
      .argument("<group...>"),
  )
    .addHelpText("after", "\nExample:\n  ottla group delete billing")
    .action(async (names: string[], flags: GroupFlags) =>
      (await load()).deleteGroups(names, flags),
    );
}

function load() {
  return import("./run-group.ts");
}

const EXAMPLES = `
Examples:
  ottla group list
  ottla group describe billing
  ottla group reset billing --to @-1h             shows what would change
  ottla group reset billing --to @-1h --execute`;
