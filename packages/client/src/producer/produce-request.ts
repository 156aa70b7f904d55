import {
  Api,
  ErrorCode,
  toSafeInteger,
  type MessageInput,
  type ProduceRequest,
  type ProduceResponse,
} from "@ottla/protocol";
import type { Cluster } from "../connection/cluster.ts";
import type { Connection } from "../connection/connection.ts";
import { ConnectionError, KafkaError } from "../errors.ts";
import { groupByTopic, partitionKey, type TopicPartition } from "../topic-partition.ts";
import type { PartitionQueue } from "./partition-queue.ts";
import type { BatchResult, ProducerBatch } from "./producer-batch.ts";

/** The last version that names topics; the next one wants their ids. */
const LAST_VERSION_WITH_NAMES = 12;

export interface BatchInFlight {
  readonly queue: PartitionQueue;
  readonly batch: ProducerBatch;
}

export interface ProduceSettings {
  readonly acks: -1 | 0 | 1;
  /** How long the broker waits for its replicas. */
  readonly timeoutMs: number;
}

interface Piece extends TopicPartition {
  readonly bytes: Uint8Array;
}

/** Sends the batches, in this turn of the event loop, and resolves with the answer of each by partition. */
export async function produce(
  cluster: Cluster,
  connection: Connection,
  entries: readonly BatchInFlight[],
  settings: ProduceSettings,
): Promise<(topicPartition: TopicPartition) => BatchResult | KafkaError> {
  const pieces = entries.map(({ queue, batch }): Piece => ({
    ...queue.topicPartition,
    bytes: batch.seal(),
  }));
  const topics = groupByTopic(pieces);
  const topicId = (name: string): string | undefined => cluster.metadata.topic(name)?.topicId;
  const hasIds = [...topics.keys()].every((name) => topicId(name) !== undefined);
  const maxVersion = hasIds ? undefined : LAST_VERSION_WITH_NAMES;
  const body: MessageInput<ProduceRequest> = {
    transactionalId: null,
    acks: settings.acks,
    timeoutMs: settings.timeoutMs,
    topicData: [...topics].map(([name, partitions]) => ({
      name,
      topicId: topicId(name),
      partitionData: partitions.map(({ partition, bytes }) => ({
        index: partition,
        records: bytes,
      })),
    })),
  };
  if (settings.acks === 0) {
    await connection.send(Api.Produce, body, { maxVersion });
    return () => ({ baseOffset: -1, logAppendTimeMs: -1 });
  }
  const names = new Map([...topics.keys()].map((name) => [topicId(name), name]));
  const response = await connection.request(Api.Produce, body, { maxVersion });
  const answers = readAnswers(response, names);
  return (topicPartition) =>
    answers.get(partitionKey(topicPartition)) ??
    new KafkaError(
      ErrorCode.UNKNOWN_SERVER_ERROR,
      "the broker left the partition out of its answer",
    );
}

function readAnswers(
  response: ProduceResponse,
  names: ReadonlyMap<string | undefined, string>,
): Map<string, BatchResult | KafkaError> {
  const answers = new Map<string, BatchResult | KafkaError>();
  for (const topic of response.responses) {
    const name = topic.name === "" ? names.get(topic.topicId) : topic.name;
    if (name === undefined)
      throw new ConnectionError(
        `the broker answered for topic id ${topic.topicId}, which was not asked`,
      );
    for (const answer of topic.partitionResponses) {
      const key = partitionKey({ topic: name, partition: answer.index });
      answers.set(key, toOutcome(answer));
    }
  }
  return answers;
}

function toOutcome(
  answer: ProduceResponse["responses"][number]["partitionResponses"][number],
): BatchResult | KafkaError {
  if (answer.errorCode !== ErrorCode.NONE) {
    const detail = answer.recordErrors.find(
      ({ batchIndexErrorMessage }) => batchIndexErrorMessage !== null,
    );
    return new KafkaError(answer.errorCode, detail?.batchIndexErrorMessage ?? answer.errorMessage);
  }
  return {
    baseOffset: toSafeInteger(answer.baseOffset),
    logAppendTimeMs: toSafeInteger(answer.logAppendTimeMs),
  };
}
