import type { Command } from "commander";
import { addConnectionFlags } from "../options/flags.ts";
import type { DeleteRecordsFileFlags } from "./run-delete-records-file.ts";

/** `ottla delete-records`: the flags of kafka-delete-records. */
export function addDeleteRecordsCommand(program: Command): void {
  const command = program
    .command("delete-records")
    .description("delete the oldest records of partitions, with the flags of kafka-delete-records");
  addConnectionFlags(command)
    .requiredOption(
      "--offset-json-file <file>",
      'partitions with the first offset to keep, -1 for none: {"partitions": [{"topic": "orders", "partition": 0, "offset": 100}]}',
    )
    .addHelpText("after", EXAMPLES)
    .action(async (flags: DeleteRecordsFileFlags) => {
      const { runDeleteRecordsFile } = await import("./run-delete-records-file.ts");
      await runDeleteRecordsFile(flags);
    });
}

const EXAMPLES = `
Examples:
  ottla delete-records --offset-json-file offsets.json
  ottla topic delete-records orders --before @-1h      the short form needs no file`;
