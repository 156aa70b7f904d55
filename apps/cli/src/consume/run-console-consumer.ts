import type { ConsumerOptions } from "@ottla/client";
import { UsageError } from "../failure/exit.ts";
import { consumerOptions } from "../options/client-settings.ts";
import type { ConnectionFlags } from "../options/flags.ts";
import { parsePairs, readPropertiesFile } from "../options/properties-file.ts";
import { compileTopicPattern } from "../topics/topic-pattern.ts";
import { consumeRecords, type RecordOrigin } from "./consume-records.ts";
import { existingTopics, matchingTopics } from "./find-topics.ts";
import { kafkaFormatter, type RecordFormatter } from "./kafka-formatter.ts";
import { parseStartOffset } from "./start-offset.ts";
import { writeQuietly } from "../output/closed-pipe.ts";

export interface ConsoleConsumerFlags extends ConnectionFlags {
  readonly topic?: string;
  readonly include?: string;
  readonly whitelist?: string;
  readonly fromBeginning?: true;
  readonly group?: string;
  readonly partition?: number;
  readonly offset?: string;
  readonly maxMessages?: number;
  readonly timeoutMs?: number;
  readonly isolationLevel?: "read_uncommitted" | "read_committed";
  readonly formatterProperty?: readonly string[];
  readonly property?: readonly string[];
  readonly formatterConfig?: string;
  readonly consumerProperty?: readonly string[];
  readonly "consumer.config"?: string;
  readonly formatter?: string;
  readonly keyDeserializer?: string;
  readonly valueDeserializer?: string;
}

export async function runConsoleConsumer(flags: ConsoleConsumerFlags): Promise<void> {
  checkFlags(flags);
  const format = formatterOf(flags);
  const consumer = readConsumerOptions(flags);
  const origin = await originOf(flags, consumer);
  const { maxMessages, timeoutMs } = flags;
  const printed = await consumeRecords({
    consumer,
    origin,
    format,
    exitAtEnd: false,
    maxRecords: maxMessages === undefined || maxMessages < 0 ? undefined : maxMessages,
    idleTimeoutMs: timeoutMs === undefined || timeoutMs < 0 ? undefined : timeoutMs,
  });
  writeQuietly(process.stderr, `Processed a total of ${printed} messages\n`);
}

function checkFlags({
  topic,
  include,
  whitelist,
  partition,
  offset,
  fromBeginning,
  group,
}: ConsoleConsumerFlags): void {
  if ([topic, include, whitelist].filter((one) => one !== undefined).length !== 1) {
    throw new UsageError("name what to read: exactly one of --topic and --include");
  }
  if (partition !== undefined && topic === undefined)
    throw new UsageError("--partition needs --topic");
  if (offset !== undefined && partition === undefined)
    throw new UsageError("--offset needs --partition");
  if (offset !== undefined && fromBeginning)
    throw new UsageError("--offset and --from-beginning exclude each other");
  if (offset !== undefined && !/^(?:earliest|latest|\d+)$/.test(offset)) {
    throw new UsageError(`--offset "${offset}" is not earliest, latest or an offset`);
  }
  if (partition !== undefined && group !== undefined)
    throw new UsageError(
      "--group and --partition exclude each other: a group shares out partitions itself",
    );
}

function formatterOf(flags: ConsoleConsumerFlags): RecordFormatter {
  for (const name of [flags.keyDeserializer, flags.valueDeserializer]) {
    if (
      name === undefined ||
      /^org\.apache\.kafka\.common\.serialization\.(?:String|ByteArray)Deserializer$/.test(name)
    )
      continue;
    throw new UsageError(
      `deserializer ${name} is not supported: Java classes cannot be loaded here, keys and values are printed as they are`,
    );
  }
  const format = kafkaFormatter(
    new Map([
      ...(flags.formatterConfig === undefined ? [] : readPropertiesFile(flags.formatterConfig)),
      ...parsePairs(flags.property ?? [], "--property"),
      ...parsePairs(flags.formatterProperty ?? [], "--formatter-property"),
    ]),
  );
  const name = flags.formatter?.split(".").at(-1);
  if (name === undefined || name === "DefaultMessageFormatter") return format;
  if (name === "NoOpMessageFormatter") return () => Buffer.alloc(0);
  throw new UsageError(
    `formatter ${flags.formatter} is not supported: Java classes cannot be loaded here; see "ottla consume -f" for formats of your own`,
  );
}

function readConsumerOptions(flags: ConsoleConsumerFlags): ConsumerOptions {
  const configFile = flags["consumer.config"];
  const properties = new Map([
    ...(configFile === undefined ? [] : readPropertiesFile(configFile)),
    ...parsePairs(flags.consumerProperty ?? [], "--consumer-property"),
  ]);
  const options = consumerOptions(flags, properties);
  const { group, isolationLevel, fromBeginning } = flags;
  if (group !== undefined && options.groupId !== undefined && options.groupId !== group) {
    throw new UsageError(
      `--group says ${group}, but group.id says ${options.groupId}: name one group`,
    );
  }
  if (
    fromBeginning &&
    options.autoOffsetReset !== undefined &&
    options.autoOffsetReset !== "earliest"
  ) {
    throw new UsageError(
      `--from-beginning contradicts auto.offset.reset=${options.autoOffsetReset}`,
    );
  }
  return {
    ...options,
    ...(group === undefined ? {} : { groupId: group }),
    ...(isolationLevel === undefined ? {} : { isolationLevel }),
    ...(fromBeginning ? { autoOffsetReset: "earliest" as const } : {}),
  };
}

async function originOf(
  flags: ConsoleConsumerFlags,
  consumer: ConsumerOptions,
): Promise<RecordOrigin> {
  const pattern = flags.include ?? flags.whitelist;
  const topics =
    pattern === undefined
      ? await existingTopics(consumer, [flags.topic as string])
      : await matchingTopics(consumer, compileTopicPattern(pattern), pattern);
  if (consumer.groupId !== undefined && flags.partition === undefined)
    return { kind: "group", topics };
  const start = flags.offset ?? (consumer.autoOffsetReset === "earliest" ? "earliest" : "latest");
  return {
    kind: "partitions",
    topics,
    ...(flags.partition === undefined ? {} : { partitions: [flags.partition] }),
    start: parseStartOffset(start, Date.now()),
  };
}
