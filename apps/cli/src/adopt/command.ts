import type { Command } from "commander";

export interface AdoptFlags {
  readonly dataDir: string;
}

/** `ottla adopt`: goes on where Apache Kafka stopped. */
export function addAdoptCommand(program: Command): void {
  program
    .command("adopt")
    .description(
      "make a data directory of what Apache Kafka wrote: topics, settings, records, committed offsets",
    )
    .argument(
      "<kafka-directory>",
      "a log directory (log.dirs) of a stopped broker; it stays as it is",
    )
    .requiredOption("--data-dir <directory>", "the data directory to be made")
    .addHelpText("after", EXAMPLES)
    .action(async (kafkaDirectory: string, flags: AdoptFlags) => {
      const { runAdopt } = await import("./run-adopt.ts");
      await runAdopt(kafkaDirectory, flags);
    });
}

const EXAMPLES = `
Examples:
  ottla adopt /var/lib/kafka/data --data-dir ottla-data
  ottla server --data-dir ottla-data

Kafka must have stopped cleanly. Sealed segments are hard-linked when both directories lie on one volume, so that
this takes little time and space.`;
