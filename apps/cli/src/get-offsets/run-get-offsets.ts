import { Admin, type OffsetSpec } from "@ottla/client";
import { CommandError, UsageError } from "../failure/exit.ts";
import { connectionOptions } from "../options/client-settings.ts";
import type { ConnectionFlags } from "../options/flags.ts";
import { printLines } from "../output/standard-output.ts";
import { compileTopicPattern } from "../topics/topic-pattern.ts";

export interface GetOffsetsFlags extends ConnectionFlags {
  readonly topic?: string;
  readonly partitions?: string;
  readonly time: string;
  readonly excludeInternalTopics?: true;
}

export async function runGetOffsets(flags: GetOffsetsFlags): Promise<void> {
  const spec = parseTime(flags.time);
  const wanted = flags.partitions === undefined ? undefined : parsePartitions(flags.partitions);
  const pattern = flags.topic === undefined ? undefined : compileTopicPattern(flags.topic);
  await using admin = new Admin(connectionOptions(flags));
  const names = (await admin.listTopics({ includeInternal: !flags.excludeInternalTopics })).map(
    ({ name }) => name,
  );
  const matching = names.filter((name) => pattern === undefined || pattern.test(name));
  const partitions = (await admin.describeTopics(matching)).flatMap(({ name, partitions: all }) =>
    all
      .filter(({ partition }) => wanted?.has(partition) ?? true)
      .map(({ partition }) => ({ topic: name, partition, spec })),
  );
  if (partitions.length === 0)
    throw new CommandError('no partition matches: "ottla topic list" shows what exists');
  const offsets = await admin.listOffsets(partitions);
  // A time after the last record has no offset; Kafka's tool leaves it empty.
  await printLines(
    offsets.map(
      ({ topic, partition, offset }) => `${topic}:${partition}:${offset < 0 ? "" : offset}`,
    ),
  );
}

function parseTime(text: string): OffsetSpec {
  switch (text) {
    case "latest":
    case "-1":
      return "latest";
    case "earliest":
    case "-2":
      return "earliest";
    case "max-timestamp":
    case "-3":
      return "max-timestamp";
    default:
      if (!/^\d+$/.test(text))
        throw new UsageError(
          `--time "${text}" is not latest, earliest, max-timestamp or milliseconds since 1970; tiered offsets are not served`,
        );
      return { timestamp: Number(text) };
  }
}

function parsePartitions(text: string): Set<number> {
  const ids = text.split(",").map((id) => id.trim());
  const wrong = ids.find((id) => !/^\d+$/.test(id));
  if (wrong !== undefined)
    throw new UsageError(`--partitions "${text}" is no list of partition numbers such as 0,1`);
  return new Set(ids.map(Number));
}
