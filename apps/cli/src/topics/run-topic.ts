import { Admin, type ConfigChange } from "@ottla/client";
import { ErrorCode } from "@ottla/protocol";
import { UsageError } from "../failure/exit.ts";
import { throwRefusals } from "../failure/throw-refusals.ts";
import { connectionOptions } from "../options/client-settings.ts";
import type { ConnectionFlags, OutputFormat } from "../options/flags.ts";
import { parsePairs } from "../options/properties-file.ts";
import { formatCount } from "../output/progress.ts";
import { render } from "../output/render.ts";
import { printLines } from "../output/standard-output.ts";
import { createTopic, topicSettings } from "./topic-actions.ts";

export interface TopicCreateFlags extends ConnectionFlags {
  readonly partitions?: number;
  readonly replicationFactor?: number;
  readonly config?: readonly string[];
  readonly ifNotExists?: true;
}

export interface TopicListFlags extends ConnectionFlags {
  readonly internal?: true;
  readonly output: OutputFormat;
}

export interface TopicDescribeFlags extends ConnectionFlags {
  readonly output: OutputFormat;
}

export interface TopicAlterFlags extends ConnectionFlags {
  readonly partitions?: number;
  readonly config?: readonly string[];
}

export interface TopicDeleteFlags extends ConnectionFlags {
  readonly ifExists?: true;
}

export async function createTopics(
  names: readonly string[],
  flags: TopicCreateFlags,
): Promise<void> {
  const { partitions, replicationFactor, config = [], ifNotExists } = flags;
  const configs = Object.fromEntries(parsePairs(config, "--config"));
  await using admin = new Admin(connectionOptions(flags));
  for (const topic of names) {
    const wanted = {
      topic,
      configs,
      ...(partitions === undefined ? {} : { partitions }),
      ...(replicationFactor === undefined ? {} : { replicationFactor }),
    };
    const created = await createTopic(admin, wanted, { ifNotExists: ifNotExists === true });
    if (created === undefined) await printLines([`${topic} exists already`]);
    else
      await printLines([
        `created ${topic} with ${created.partitions === 1 ? "1 partition" : `${created.partitions} partitions`}`,
      ]);
  }
}

export async function listTopics(flags: TopicListFlags): Promise<void> {
  await using admin = new Admin(connectionOptions(flags));
  const names = (await admin.listTopics({ includeInternal: flags.internal === true })).map(
    ({ name }) => name,
  );
  const topics = (await admin.describeTopics(names)).map(
    ({ name, topicId, isInternal, partitions }) => ({
      name,
      topicId: topicId ?? null,
      isInternal,
      partitions: partitions.length,
      replicationFactor: partitions[0]?.replicas.length ?? 0,
    }),
  );
  await render(flags.output, {
    value: topics,
    columns: ["TOPIC", "PARTITIONS", "REPLICAS"],
    rows: topics.map(({ name, partitions, replicationFactor }) => [
      name,
      String(partitions),
      String(replicationFactor),
    ]),
    ifEmpty: 'there are no topics: "ottla topic create NAME" makes one',
  });
}

export async function describeTopic(name: string, flags: TopicDescribeFlags): Promise<void> {
  await using admin = new Admin(connectionOptions(flags));
  const [topic] = await admin.describeTopics([name]);
  const partitions = topic?.partitions ?? [];
  const settings = (await topicSettings(admin, [name])).get(name) ?? [];
  const [earliest, latest] = await Promise.all(
    (["earliest", "latest"] as const).map((spec) =>
      admin.listOffsets(partitions.map(({ partition }) => ({ topic: name, partition, spec }))),
    ),
  );
  const rows = partitions.map(({ partition, leader, replicas, isr }, index) => {
    const from = earliest?.[index]?.offset ?? 0;
    const to = latest?.[index]?.offset ?? 0;
    return {
      partition,
      leader,
      replicas: [...replicas],
      isr: [...isr],
      logStartOffset: from,
      highWatermark: to,
      offsets: to - from,
    };
  });
  const configs = Object.fromEntries(settings.map((entry) => [entry.name, entry.value]));
  if (flags.output === "table") {
    await printLines([
      `${name}  id ${topic?.topicId ?? "unknown"}`,
      ...settings.map((entry) => `  ${entry.name}=${entry.value ?? ""}`),
      "",
    ]);
  }
  await render(flags.output, {
    value: {
      name,
      topicId: topic?.topicId ?? null,
      isInternal: topic?.isInternal ?? false,
      configs,
      partitions: rows,
    },
    columns: ["PARTITION", "LEADER", "REPLICAS", "ISR", "START", "END", "OFFSETS"],
    rows: rows.map((row) => [
      String(row.partition),
      row.leader < 0 ? "none" : String(row.leader),
      row.replicas.join(" "),
      row.isr.join(" "),
      formatCount(row.logStartOffset),
      formatCount(row.highWatermark),
      formatCount(row.offsets),
    ]),
    ifEmpty: `topic ${name} has no partitions`,
  });
}

export async function alterTopic(name: string, flags: TopicAlterFlags): Promise<void> {
  const { partitions, config = [] } = flags;
  if (partitions === undefined && config.length === 0)
    throw new UsageError("say what to change: -p for partitions, -c for a setting");
  const changes: ConfigChange[] = [...parsePairs(config, "--config")].map(([setting, value]) =>
    value === ""
      ? { name: setting, operation: "delete" }
      : { name: setting, operation: "set", value },
  );
  await using admin = new Admin(connectionOptions(flags));
  if (changes.length > 0)
    throwRefusals(
      await admin.alterConfigs([{ type: "topic", name, changes }]),
      () => `topic ${name}`,
    );
  if (partitions !== undefined)
    throwRefusals(
      await admin.createPartitions([{ topic: name, count: partitions }]),
      () => `topic ${name}`,
    );
  await printLines([`altered ${name}`]);
}

export async function deleteTopics(
  names: readonly string[],
  flags: TopicDeleteFlags,
): Promise<void> {
  await using admin = new Admin(connectionOptions(flags));
  const results = await admin.deleteTopics(names);
  const isMissing = (code: number | undefined): boolean =>
    code === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  await printLines(
    results.filter(({ error }) => error === undefined).map(({ topic }) => `deleted ${topic}`),
  );
  throwRefusals(
    results.filter(({ error }) => !(flags.ifExists && isMissing(error?.code))),
    ({ topic }) => `topic ${topic}`,
  );
}
