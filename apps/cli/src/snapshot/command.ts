import type { Command } from "commander";
import { addOutputFlag, type OutputFormat } from "../options/flags.ts";

export interface SnapshotFlags {
  readonly dataDir: string;
  readonly output: OutputFormat;
}

export interface LoadFlags {
  readonly dataDir: string;
  readonly to: string;
}

const DEFAULT_DIRECTORY = "ottla-data";

/** `ottla snapshot`: the whole data directory at one moment, kept and branched by hard links. */
export function addSnapshotCommand(program: Command): void {
  const snapshot = program
    .command("snapshot")
    .description("save a data directory at one moment, and branch from it")
    .addHelpText("after", EXAMPLES);
  withDirectory(
    snapshot
      .command("save")
      .description("save all topics and groups as of now; the broker may run")
      .argument("<name>"),
  )
    .addHelpText("after", "\nExample:\n  ottla snapshot save before-migration")
    .action(async (name: string, flags: SnapshotFlags) =>
      (await import("./run-snapshot.ts")).saveSnapshotCommand(name, flags),
    );
  addOutputFlag(
    withDirectory(snapshot.command("list").alias("ls").description("list the snapshots")),
  )
    .addHelpText("after", "\nExample:\n  ottla snapshot list --output json")
    .action(async (flags: SnapshotFlags) =>
      (await import("./run-snapshot.ts")).listSnapshotsCommand(flags),
    );
  withDirectory(
    snapshot
      .command("load")
      .description("make a new data directory of a snapshot; both go their own ways from there")
      .argument("<name>"),
  )
    .requiredOption(
      "--to <directory>",
      "the data directory to make; it must not exist, or be empty",
    )
    .addHelpText(
      "after",
      "\nExample:\n  ottla snapshot load before-migration --to branch-data\n  ottla server --data-dir branch-data --port 9093",
    )
    .action(async (name: string, flags: LoadFlags) =>
      (await import("./run-snapshot.ts")).loadSnapshotCommand(name, flags),
    );
  withDirectory(
    snapshot
      .command("delete")
      .alias("rm")
      .description("remove a snapshot; branches made of it stay")
      .argument("<name>"),
  )
    .addHelpText("after", "\nExample:\n  ottla snapshot delete before-migration")
    .action(async (name: string, flags: SnapshotFlags) =>
      (await import("./run-snapshot.ts")).deleteSnapshotCommand(name, flags),
    );
}

function withDirectory(command: Command): Command {
  return command.option(
    "--data-dir <directory>",
    "the data directory of the broker (the first, if it has several)",
    DEFAULT_DIRECTORY,
  );
}

const EXAMPLES = `
A snapshot shares the bytes of sealed segments with the log (hard links), so it costs next to no space until
retention or compaction would have removed them.

Examples:
  ottla snapshot save before-migration
  ottla snapshot load before-migration --to branch-data
  ottla server --data-dir branch-data --port 9093`;
