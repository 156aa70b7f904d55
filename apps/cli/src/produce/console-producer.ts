import { Option, type Command } from "commander";
import {
  addConnectionFlags,
  collect,
  nonNegativeNumber,
  positiveNumber,
  refuseFlags,
} from "../options/flags.ts";
import type { ConsoleProducerFlags } from "./run-console-producer.ts";

/** `ottla console-producer`: the flags of kafka-console-producer. */
export function addConsoleProducerCommand(program: Command): void {
  const command = program
    .command("console-producer")
    .description(
      "write a record per line of standard input, with the flags of kafka-console-producer",
    )
    .requiredOption("--topic <topic>", "topic to write to");
  addConnectionFlags(command)
    .option("--reader-property <name=value>", READER_PROPERTIES, collect)
    .option("--property <name=value>", "the older name of --reader-property", collect)
    .option("--reader-config <file>", "a properties file with reader properties")
    .option("--producer-property <name=value>", "the older name of --command-property", collect)
    .option("--producer.config <file>", "the older name of --command-config")
    .option(
      "--compression-codec [codec]",
      "none, gzip (when only the flag is given), snappy, lz4 or zstd",
    )
    .addOption(new Option("--request-required-acks <acks>", "all, -1, 0 or 1"))
    .addOption(new Option("--acks <acks>", "short for --request-required-acks"))
    .option("--sync", "wait for each record before the next one")
    .option("--batch-size <bytes>", "bytes of a batch", positiveNumber)
    .option(
      "--max-partition-memory-bytes <bytes>",
      "the older name of --batch-size",
      positiveNumber,
    )
    .option(
      "--timeout <ms>",
      "how long a batch waits for more records (linger.ms)",
      nonNegativeNumber,
    )
    .option(
      "--max-block-ms <ms>",
      "how long to wait for metadata and for room in the buffer",
      positiveNumber,
    )
    .option(
      "--max-memory-bytes <bytes>",
      "bytes of records that wait or are on their way",
      positiveNumber,
    )
    .option("--metadata-expiry-ms <ms>", "how long metadata is believed", positiveNumber)
    .option("--request-timeout-ms <ms>", "how long to wait for an answer", positiveNumber)
    .option("--retry-backoff-ms <ms>", "pause before a retry", nonNegativeNumber)
    .addHelpText("after", EXAMPLES)
    .action(async (flags: ConsoleProducerFlags) => {
      const { runConsoleProducer } = await import("./run-console-producer.ts");
      await runConsoleProducer(flags);
    });
  refuseFlags(command, {
    "--line-reader <class>":
      "Java classes cannot be loaded here; --reader-property says how a line is read",
    "--message-send-max-retries <count>":
      "retries are limited by time: --command-property delivery.timeout.ms=MS",
    "--socket-buffer-size <bytes>": "the system chooses the size of socket buffers",
  });
}

const READER_PROPERTIES =
  "parse.key, key.separator, parse.headers, headers.delimiter, headers.separator, headers.key.separator, null.marker, ignore.error; may be repeated";

const EXAMPLES = `
Examples:
  ottla console-producer --topic orders
  ottla console-producer --topic orders --reader-property parse.key=true --reader-property key.separator=:
  cat orders.txt | ottla console-producer --bootstrap-server 127.0.0.1:9092 --topic orders --compression-codec zstd`;
