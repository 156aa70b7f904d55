import type { Command } from "commander";
import { addConnectionFlags, collect, positiveNumber, refuseFlags } from "../options/flags.ts";
import type { TopicsFlags } from "./run-topics.ts";

/** `ottla topics`: the flags of kafka-topics. */
export function addTopicsCommand(program: Command): void {
  const command = program
    .command("topics")
    .description("create, list, describe, alter and delete topics, with the flags of kafka-topics");
  addConnectionFlags(command)
    .option("--create", "create a topic")
    .option("--list", "list topics")
    .option("--describe", "show partitions and settings")
    .option("--alter", "add partitions")
    .option("--delete", "delete topics")
    .option("--topic <topic>", "the topic; a regular expression but for --create")
    .option("--topic-id <id>", "the topic to describe, by its id")
    .option("--partitions <count>", "number of partitions", positiveNumber)
    .option("--replication-factor <count>", "replicas of each partition", positiveNumber)
    .option(
      "--replica-assignment <list>",
      "brokers of each partition: 1:2,2:3 is two partitions of two replicas",
    )
    .option("--config <name=value>", "a setting of a new topic; may be repeated", collect)
    .option("--if-not-exists", "do nothing when the topic exists already")
    .option("--if-exists", "do nothing when the topic does not exist")
    .option("--exclude-internal", "leave out internal topics")
    .option("--topics-with-overrides", "describe only topics that have settings of their own")
    .option("--under-replicated-partitions", "describe only partitions that lack replicas")
    .option("--unavailable-partitions", "describe only partitions without a leader")
    .addHelpText("after", EXAMPLES)
    .action(async (flags: TopicsFlags) => {
      const { runTopics } = await import("./run-topics.ts");
      await runTopics(flags);
    });
  refuseFlags(command, {
    "--delete-config <name>": "Kafka no longer has it either: settings are altered with configs",
    "--under-min-isr-partitions":
      "it needs min.insync.replicas of every topic; use --under-replicated-partitions",
    "--at-min-isr-partitions":
      "it needs min.insync.replicas of every topic; use --under-replicated-partitions",
    "--partition-size-limit-per-response <count>": "topics are described in one answer",
  });
}

const EXAMPLES = `
Examples:
  ottla topics --create --topic orders --partitions 6 --config retention.ms=86400000
  ottla topics --describe --topic 'orders.*'
  ottla topics --alter --topic orders --partitions 12`;
