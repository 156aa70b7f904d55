import { Api } from "@ottla/protocol";
import type { Cluster } from "../connection/cluster.ts";
import { checkCode } from "../errors.ts";
import type { TopicPartition } from "../topic-partition.ts";
import { errorOf, type WithError } from "./admin-results.ts";
import type { Retrying } from "./retrying.ts";

export interface LogDirPartition extends TopicPartition {
  readonly sizeBytes: number;
  /** How far the replica is behind the high watermark; of a future replica, behind the current one. */
  readonly offsetLag: number;
  /** Being moved here from another log directory. */
  readonly isFuture: boolean;
}

/** A log directory of one broker; `error` where it is offline. */
export interface DescribedLogDir extends WithError {
  readonly brokerId: number;
  readonly logDir: string;
  /** Of the volume; -1 when the broker does not tell (KIP-827). */
  readonly totalBytes: number;
  readonly usableBytes: number;
  readonly partitions: readonly LogDirPartition[];
}

export interface DescribeLogDirsOptions {
  /** All brokers when left out. */
  readonly brokerIds?: readonly number[];
  /** All partitions when left out. */
  readonly partitions?: readonly TopicPartition[];
}

export async function describeLogDirs(
  retrying: Retrying,
  cluster: Cluster,
  { brokerIds, partitions }: DescribeLogDirsOptions,
): Promise<DescribedLogDir[]> {
  await retrying.run(() => cluster.refreshMetadata());
  const ids = brokerIds ?? [...cluster.metadata.brokers.keys()].sort((a, b) => a - b);
  const topics = partitions === undefined ? null : byTopic(partitions);
  const answers = ids.map((brokerId) => describeBroker(retrying, cluster, { brokerId, topics }));
  return (await Promise.all(answers)).flat();
}

type AskedTopics = { readonly topic: string; readonly partitions: readonly number[] }[] | null;

async function describeBroker(
  retrying: Retrying,
  cluster: Cluster,
  { brokerId, topics }: { readonly brokerId: number; readonly topics: AskedTopics },
): Promise<DescribedLogDir[]> {
  const response = await retrying.run(async () => {
    const answer = await cluster.request(brokerId, Api.DescribeLogDirs, { topics });
    checkCode(answer.errorCode);
    return answer;
  });
  return response.results.map((result) => ({
    brokerId,
    logDir: result.logDir,
    ...errorOf(result.errorCode),
    totalBytes: Number(result.totalBytes),
    usableBytes: Number(result.usableBytes),
    partitions: result.topics.flatMap((topic) =>
      topic.partitions.map((one) => ({
        topic: topic.name,
        partition: one.partitionIndex,
        sizeBytes: Number(one.partitionSize),
        offsetLag: Number(one.offsetLag),
        isFuture: one.isFutureKey,
      })),
    ),
  }));
}

function byTopic(partitions: readonly TopicPartition[]): NonNullable<AskedTopics> {
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of partitions) {
    const known = topics.get(topic);
    if (known === undefined) topics.set(topic, [partition]);
    else known.push(partition);
  }
  return [...topics].map(([topic, all]) => ({ topic, partitions: all }));
}
