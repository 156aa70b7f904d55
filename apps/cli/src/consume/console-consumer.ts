import { Option, type Command } from "commander";
import {
  addConnectionFlags,
  collect,
  nonNegativeNumber,
  refuseFlags,
  wholeNumber,
} from "../options/flags.ts";
import type { ConsoleConsumerFlags } from "./run-console-consumer.ts";

/** `ottla console-consumer`: the flags of kafka-console-consumer. */
export function addConsoleConsumerCommand(program: Command): void {
  const command = program
    .command("console-consumer")
    .description("print records, with the flags of kafka-console-consumer")
    .option("--topic <topic>", "topic to read")
    .option(
      "--include <regex>",
      "read all topics that exist now and match; names with commas between are fine",
    )
    .option("--whitelist <regex>", "the older name of --include");
  addConnectionFlags(command)
    .option("--from-beginning", "start with the first record where the group has no offset")
    .option("--group <group>", "share the topic with the other consumers of this group")
    .option("--partition <number>", "read this partition only", nonNegativeNumber)
    .option("--offset <offset>", "with --partition: earliest, latest, or an offset")
    .option("--max-messages <count>", "stop after so many records", wholeNumber)
    .option("--timeout-ms <ms>", "stop when no record came for so long", wholeNumber)
    .addOption(
      new Option("--isolation-level <level>", "what to do with transactions").choices([
        "read_uncommitted",
        "read_committed",
      ]),
    )
    .option("--formatter-property <name=value>", FORMATTER_PROPERTIES, collect)
    .option("--property <name=value>", "the older name of --formatter-property", collect)
    .option("--formatter-config <file>", "a properties file with formatter properties")
    .option("--consumer-property <name=value>", "the older name of --command-property", collect)
    .option("--consumer.config <file>", "the older name of --command-config")
    .option("--formatter <class>", "Kafka's DefaultMessageFormatter or NoOpMessageFormatter")
    .option(
      "--key-deserializer <class>",
      "Kafka's StringDeserializer or ByteArrayDeserializer: bytes are printed as they are",
    )
    .option("--value-deserializer <class>", "the same for values")
    .option(
      "--skip-message-on-error",
      "records are printed as bytes, so none can fail to be formatted",
    )
    .addHelpText("after", EXAMPLES)
    .action(async (flags: ConsoleConsumerFlags) => {
      const { runConsoleConsumer } = await import("./run-console-consumer.ts");
      await runConsoleConsumer(flags);
    });
  refuseFlags(command, {
    "--enable-systest-events": "it serves Kafka's own system tests only",
  });
}

const FORMATTER_PROPERTIES =
  "print.key, print.value, print.timestamp, print.offset, print.partition, print.headers, print.epoch, key.separator, line.separator, headers.separator, null.literal; may be repeated";

const EXAMPLES = `
Examples:
  ottla console-consumer --topic orders --from-beginning
  ottla console-consumer --topic orders --group billing --formatter-property print.key=true
  ottla console-consumer --topic orders --partition 0 --offset 42 --max-messages 10`;
