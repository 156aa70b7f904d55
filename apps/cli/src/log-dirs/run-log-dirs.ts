import { Admin, type DescribedLogDir } from "@ottla/client";
import { CommandError, UsageError } from "../failure/exit.ts";
import { connectionOptions } from "../options/client-settings.ts";
import type { ConnectionFlags } from "../options/flags.ts";
import { printLines } from "../output/standard-output.ts";

export interface LogDirsFlags extends ConnectionFlags {
  readonly brokerList?: string;
  readonly topicList?: string;
}

/** Scripts take the last line, as they do from Kafka's tool. */
export async function runLogDirs(flags: LogDirsFlags): Promise<void> {
  const asked = flags.brokerList === undefined ? undefined : parseBrokers(flags.brokerList);
  const topics = flags.topicList === undefined ? undefined : new Set(items(flags.topicList));
  await using admin = new Admin(connectionOptions(flags));
  const known = (await admin.describeCluster()).brokers.map(({ nodeId }) => nodeId);
  const missing = asked?.filter((id) => !known.includes(id)) ?? [];
  if (missing.length > 0) {
    throw new CommandError(
      `no such broker as ${missing.join(", ")} of --broker-list: there is ${known.join(", ")}`,
    );
  }
  const brokerIds = asked ?? known;
  const directories = await admin.describeLogDirs({ brokerIds });
  await printLines([
    "Querying brokers for log directories information",
    `Received log directory information from brokers ${brokerIds.join(",")}`,
    JSON.stringify({
      version: 1,
      brokers: brokerIds.map((broker) => ({
        broker,
        logDirs: directories
          .filter(({ brokerId }) => brokerId === broker)
          .map((directory) => describe(directory, topics)),
      })),
    }),
  ]);
}

function describe(directory: DescribedLogDir, topics: ReadonlySet<string> | undefined) {
  const { logDir, error, partitions } = directory;
  return {
    logDir,
    error: error?.message ?? null,
    partitions: partitions
      .filter(({ topic }) => topics?.has(topic) ?? true)
      .map(({ topic, partition, sizeBytes, offsetLag, isFuture }) => ({
        partition: `${topic}-${partition}`,
        size: sizeBytes,
        offsetLag,
        isFuture,
      })),
  };
}

function parseBrokers(text: string): number[] {
  const ids = items(text);
  const wrong = ids.find((id) => !/^\d+$/.test(id));
  if (wrong !== undefined || ids.length === 0)
    throw new UsageError(`--broker-list "${text}" is no list of broker ids such as 1,2`);
  return [...new Set(ids.map(Number))];
}

function items(text: string): string[] {
  return text
    .split(",")
    .map((item) => item.trim())
    .filter((item) => item !== "");
}
