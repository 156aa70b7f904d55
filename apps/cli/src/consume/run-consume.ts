import type { ConsumerOptions } from "@ottla/client";
import { UsageError } from "../failure/exit.ts";
import { consumerOptions } from "../options/client-settings.ts";
import type { ConnectionFlags } from "../options/flags.ts";
import { consumeRecords, type RecordOrigin } from "./consume-records.ts";
import { existingTopics } from "./find-topics.ts";
import { formatStringFormatter, jsonFormatter } from "./format-string.ts";
import { parseStartOffset, type StartOffset } from "./start-offset.ts";

export interface ConsumeFlags extends ConnectionFlags {
  readonly offset?: string;
  readonly exit?: true;
  readonly count?: number;
  readonly format?: string;
  readonly group?: string;
  readonly partition?: number;
  readonly output: "text" | "json";
  readonly isolationLevel?: "read_uncommitted" | "read_committed";
}

export async function runConsume(topic: string, flags: ConsumeFlags): Promise<void> {
  if (flags.output === "json" && flags.format !== undefined)
    throw new UsageError("-f and --output json exclude each other");
  const format =
    flags.output === "json" ? jsonFormatter : formatStringFormatter(flags.format ?? "%v\\n");
  const start = parseStartOffset(flags.offset ?? "end", Date.now());
  const { isolationLevel } = flags;
  const consumer = {
    ...consumerOptions(flags),
    ...(isolationLevel === undefined ? {} : { isolationLevel }),
    ...groupOptions(flags, start),
  };
  await existingTopics(consumer, [topic]);
  const origin: RecordOrigin =
    consumer.groupId === undefined
      ? {
          kind: "partitions",
          topics: [topic],
          start,
          ...(flags.partition === undefined ? {} : { partitions: [flags.partition] }),
        }
      : { kind: "group", topics: [topic] };
  await consumeRecords({
    consumer,
    origin,
    format,
    exitAtEnd: flags.exit === true,
    maxRecords: flags.count,
  });
}

/** A group goes on where it was; -o then says where it begins when it has never been. */
function groupOptions(
  { group, partition }: ConsumeFlags,
  start: StartOffset,
): Pick<ConsumerOptions, "groupId" | "autoOffsetReset"> {
  if (group === undefined) return {};
  if (partition !== undefined)
    throw new UsageError("-g and -p exclude each other: a group shares out partitions itself");
  if (start.kind !== "beginning" && start.kind !== "end") {
    throw new UsageError(
      'with -g only "-o beginning" and "-o end" are possible; "ottla group reset" moves a group',
    );
  }
  return { groupId: group, autoOffsetReset: start.kind === "beginning" ? "earliest" : "latest" };
}
