import { Api, toSafeInteger } from "@ottla/protocol";
import type { Cluster } from "../connection/cluster.ts";
import { KafkaError } from "../errors.ts";
import { groupByLeader } from "../partition-leaders.ts";
import { groupByTopic, partitionKey, type TopicPartition } from "../topic-partition.ts";
import { errorOf, type WithError } from "./admin-results.ts";
import type { Retrying } from "./retrying.ts";

export interface RecordsToDelete extends TopicPartition {
  /** The first offset that stays; `"end"` deletes everything that a consumer could read. */
  readonly beforeOffset: number | "end";
}

export interface DeletedRecords extends TopicPartition, WithError {
  /** Where the partition starts from now on; -1 when it was refused. */
  readonly lowWatermark: number;
}

/** What DeleteRecords calls the high watermark. */
const HIGH_WATERMARK = -1n;

/**
 * Asks the leaders of all partitions; what fails retriably is asked again after new metadata. Throws when a topic
 * or a partition does not exist.
 */
export async function deleteRecords(
  retrying: Retrying,
  cluster: Cluster,
  list: readonly RecordsToDelete[],
): Promise<DeletedRecords[]> {
  const { timeoutMs } = retrying;
  for (const topic of new Set(list.map((one) => one.topic))) {
    await cluster.topic(topic, {
      timeoutMs,
      allowAutoTopicCreation: false,
      signal: cluster.signal,
    });
  }
  const results = new Map<string, DeletedRecords>();
  let refresh = false;
  try {
    await retrying.run(async () => {
      if (refresh) await cluster.refreshMetadata();
      refresh = true;
      const open = list.filter((one) => isOpen(results.get(partitionKey(one))));
      const answers = await Promise.all(
        [...groupByLeader(cluster, open)].map(([leader, group]) =>
          askLeader(cluster, leader, group),
        ),
      );
      for (const one of answers.flat()) results.set(partitionKey(one), one);
      const again = answers.flat().find((one) => isOpen(one));
      if (again?.error) throw again.error;
    });
  } catch (error) {
    // When time ran out, the refusals of the last attempt are the answer.
    if (!(error instanceof KafkaError) || results.size < list.length) throw error;
  }
  return list.map((one) => results.get(partitionKey(one)) as DeletedRecords);
}

function isOpen(result: DeletedRecords | undefined): boolean {
  return result === undefined || result.error?.retriable === true;
}

async function askLeader(
  cluster: Cluster,
  leader: number,
  list: readonly RecordsToDelete[],
): Promise<DeletedRecords[]> {
  const { topics } = await cluster.request(leader, Api.DeleteRecords, {
    topics: [...groupByTopic(list)].map(([name, partitions]) => ({
      name,
      partitions: partitions.map(({ partition, beforeOffset }) => ({
        partitionIndex: partition,
        offset: beforeOffset === "end" ? HIGH_WATERMARK : BigInt(beforeOffset),
      })),
    })),
    timeoutMs: cluster.settings.requestTimeoutMs,
  });
  return topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex, lowWatermark, errorCode }) => ({
      topic: name,
      partition: partitionIndex,
      lowWatermark: toSafeInteger(lowWatermark),
      ...errorOf(errorCode),
    })),
  );
}
