import type { Command } from "commander";
import type { ServerFlags } from "./run.ts";

/** `ottla server`, and `ottla` alone: a broker with defaults that shows how to reach it. */
export function addServerCommand(program: Command): void {
  program
    .command("server", { isDefault: true })
    .description(
      "start a broker; without arguments on 127.0.0.1:9092 with its data in ./ottla-data",
    )
    .argument("[file]", "a server.properties file with Kafka's settings")
    .option(
      "--override <name=value>",
      "a setting that wins over file and environment; may be repeated",
      collect,
    )
    .option("--data-dir <directory>", "where the data lives; short for --override log.dirs=...")
    .option(
      "--port <number>",
      "port on 127.0.0.1; short for --override listeners=PLAINTEXT://127.0.0.1:...",
    )
    .option("--log-level <level>", "debug, info, warn, error or silent", "info")
    .addHelpText("after", EXAMPLES)
    .action(async (file: string | undefined, flags: Omit<ServerFlags, "welcome">) => {
      const { runServerCommand } = await import("./run.ts");
      await runServerCommand(file, { ...flags, welcome: process.stdout.isTTY === true });
    });
}

const EXAMPLES = `
Examples:
  ottla
  ottla server --data-dir /var/lib/ottla --port 9092
  ottla server server.properties --override num.partitions=3
  OTTLA_NUM_PARTITIONS=3 ottla server`;

function collect(value: string, earlier: string[] = []): string[] {
  return [...earlier, value];
}
