import { InvalidArgumentError, Option, type Command } from "commander";

const DEFAULT_BOOTSTRAP_SERVER = "127.0.0.1:9092";

export interface ConnectionFlags {
  readonly bootstrapServer: string;
  readonly commandConfig?: string;
  readonly commandProperty?: readonly string[];
}

/** Where the broker is, and settings of the client: the same for every command that talks to one. */
export function addConnectionFlags(command: Command): Command {
  return command
    .addOption(
      new Option("-b, --bootstrap-server <host:port>", "brokers to ask first, with commas between")
        .env("OTTLA_BOOTSTRAP_SERVER")
        .default(DEFAULT_BOOTSTRAP_SERVER),
    )
    .option("--command-config <file>", "a properties file with client settings, by Kafka's names")
    .option(
      "--command-property <name=value>",
      "one client setting; wins over the file; may be repeated",
      collect,
    );
}

export const OUTPUT_FORMATS = ["table", "json", "yaml"] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

export function addOutputFlag(command: Command): Command {
  return command.addOption(
    new Option("--output <format>", "how to print").choices(OUTPUT_FORMATS).default("table"),
  );
}

/** For options that may be repeated. */
export function collect(value: string, earlier: readonly string[] = []): string[] {
  return [...earlier, value];
}

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value))
    throw new InvalidArgumentError("It is not a whole number.");
  return value;
}

export function positiveNumber(text: string): number {
  const value = wholeNumber(text);
  if (value < 1) throw new InvalidArgumentError("It must be at least 1.");
  return value;
}

export function nonNegativeNumber(text: string): number {
  const value = wholeNumber(text);
  if (value < 0) throw new InvalidArgumentError("It must not be negative.");
  return value;
}

/**
 * Flags of Kafka's script of the same name which cannot be served, with the reason or what to use instead.
 * They are known, so that they are refused for what they are and not taken for a typing error.
 */
export function refuseFlags(command: Command, flags: Readonly<Record<string, string>>): void {
  for (const [flag, reason] of Object.entries(flags)) {
    const option = new Option(flag).hideHelp();
    command.addOption(option);
    command.on(`option:${option.name()}`, () =>
      command.error(`error: ${option.long} is not supported: ${reason}`),
    );
  }
}
