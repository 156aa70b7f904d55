import type { Command } from "commander";
import {
  addConnectionFlags,
  addOutputFlag,
  collect,
  nonNegativeNumber,
  positiveNumber,
} from "../options/flags.ts";
import type { DeleteRecordsFlags } from "./run-delete-records.ts";
import type {
  TopicAlterFlags,
  TopicCreateFlags,
  TopicDeleteFlags,
  TopicDescribeFlags,
  TopicListFlags,
} from "./run-topic.ts";
import type { TopicConfigFlags } from "./run-topic-config.ts";

/** `ottla topic`: the short form. */
export function addTopicCommand(program: Command): void {
  const topic = program
    .command("topic")
    .description("create, list, describe, alter and delete topics")
    .addHelpText("after", EXAMPLES);
  addConnectionFlags(topic.command("create").description("create topics").argument("<topic...>"))
    .option(
      "-p, --partitions <count>",
      "number of partitions; the broker's default when left out",
      positiveNumber,
    )
    .option("-r, --replication-factor <count>", "replicas of each partition", positiveNumber)
    .option("-c, --config <name=value>", "a setting; may be repeated", collect)
    .option("--if-not-exists", "do nothing when the topic exists already")
    .addHelpText("after", "\nExample:\n  ottla topic create orders -p 6 -c retention.ms=86400000")
    .action(async (names: string[], flags: TopicCreateFlags) =>
      (await load()).createTopics(names, flags),
    );
  addOutputFlag(addConnectionFlags(topic.command("list").alias("ls").description("list topics")))
    .option("-i, --internal", "internal topics too")
    .addHelpText("after", "\nExample:\n  ottla topic list --output json")
    .action(async (flags: TopicListFlags) => (await load()).listTopics(flags));
  addOutputFlag(
    addConnectionFlags(
      topic
        .command("describe")
        .description("show partitions, offsets and settings")
        .argument("<topic>"),
    ),
  )
    .addHelpText("after", "\nExample:\n  ottla topic describe orders")
    .action(async (name: string, flags: TopicDescribeFlags) =>
      (await load()).describeTopic(name, flags),
    );
  addConnectionFlags(
    topic.command("alter").description("add partitions, change settings").argument("<topic>"),
  )
    .option("-p, --partitions <count>", "new number of partitions", positiveNumber)
    .option(
      "-c, --config <name=value>",
      "set a setting; an empty value takes it back to the default; may be repeated",
      collect,
    )
    .addHelpText("after", "\nExample:\n  ottla topic alter orders -p 12 -c retention.ms=3600000")
    .action(async (name: string, flags: TopicAlterFlags) => (await load()).alterTopic(name, flags));
  addSettingsAndRecords(topic);
  addConnectionFlags(
    topic
      .command("delete")
      .alias("rm")
      .description("delete topics and their records")
      .argument("<topic...>"),
  )
    .option("--if-exists", "do nothing when a topic does not exist")
    .addHelpText("after", "\nExample:\n  ottla topic delete orders")
    .action(async (names: string[], flags: TopicDeleteFlags) =>
      (await load()).deleteTopics(names, flags),
    );
}

function addSettingsAndRecords(topic: Command): void {
  addOutputFlag(
    addConnectionFlags(
      topic.command("config").description("show or change settings").argument("<topic>"),
    ),
  )
    .option("-s, --set <name=value>", "set a setting; may be repeated", collect)
    .option("-u, --unset <name>", "take a setting back to its default; may be repeated", collect)
    .option("-a, --all", "show inherited settings too")
    .addHelpText(
      "after",
      "\nExamples:\n  ottla topic config orders --all\n  ottla topic config orders --set retention.ms=3600000 --unset segment.bytes",
    )
    .action(async (name: string, flags: TopicConfigFlags) => {
      const { configureTopic } = await import("./run-topic-config.ts");
      await configureTopic(name, flags);
    });
  addConnectionFlags(
    topic.command("delete-records").description("delete the oldest records").argument("<topic>"),
  )
    .requiredOption("--before <place>", "the first offset to keep, end for none, @TIME or @-1h")
    .option(
      "-p, --partition <number>",
      "only this partition; may be repeated",
      (text, earlier: readonly number[] = []) => [...earlier, nonNegativeNumber(text)],
    )
    .addHelpText(
      "after",
      "\nExamples:\n  ottla topic delete-records orders --before @-1h\n  ottla topic delete-records orders -p 0 --before 1000",
    )
    .action(async (name: string, flags: DeleteRecordsFlags) => {
      const { deleteRecordsOf } = await import("./run-delete-records.ts");
      await deleteRecordsOf(name, flags);
    });
}

function load() {
  return import("./run-topic.ts");
}

const EXAMPLES = `
Examples:
  ottla topic create orders -p 6
  ottla topic list
  ottla topic describe orders --output yaml`;
