import { adoptTopics, EmbeddedStore, type AdoptedTopic } from "@ottla/coordinator";
import { NodeFileSystem, silentLogger, SystemRandom, type FileSystem } from "@ottla/runtime";
import {
  copyPartitions,
  readDirectoryIdentity,
  StorageError,
  writeDirectoryIdentityNow,
  type AdoptedPartition,
} from "@ottla/storage";
import { join, resolve } from "node:path";
import { METADATA_DIRECTORY, newDirectoryId } from "../directory-identities.ts";
import { StartError } from "../start-error.ts";
import { readTopicSettings, type TopicSettings } from "./cluster-metadata.ts";

/** Kafka's own metadata log; Ottla has another. */
const KAFKA_METADATA_TOPIC = "__cluster_metadata";
const CLEAN_SHUTDOWN_MARKER = ".kafka_cleanshutdown";
/** Kafka gives out producer ids in blocks of this size. */
const PRODUCER_ID_BLOCK_SIZE = 1000;

export interface AdoptOptions {
  /** The log directory of a stopped Apache Kafka broker. */
  readonly kafkaDirectory: string;
  /** The data directory to be made; missing or empty. */
  readonly dataDirectory: string;
  readonly onPartition?: (done: number, total: number, name: string) => void;
}

export interface Adoption {
  readonly clusterId: string;
  readonly nodeId: number;
  readonly topics: readonly (AdoptedTopic & { readonly partitions: number })[];
  readonly warnings: readonly string[];
}

/**
 * Makes a data directory of the log directory that Apache Kafka (KRaft, record format 2) left behind: topics with
 * their ids and settings, logs, committed offsets, transactions. The original stays as it is. Rejects with StartError,
 * whose message is one line that says what to do.
 */
export async function adoptKafka(options: AdoptOptions): Promise<Adoption> {
  const fileSystem = new NodeFileSystem();
  const from = resolve(options.kafkaDirectory);
  const to = resolve(options.dataDirectory);
  const identity = checkSource(fileSystem, from);
  checkTarget(fileSystem, to);
  fileSystem.makeDirectorySync(to);
  const lock = fileSystem.lockDirectory(to);
  if ("heldBy" in lock)
    throw new StartError(
      `${to} is in use by process ${lock.heldBy}: name another directory with --data-dir`,
    );
  try {
    const partitions = await copyPartitions({
      fileSystem,
      from,
      to,
      wanted: ({ topic }) => topic !== KAFKA_METADATA_TOPIC,
      ...(options.onPartition && { onPartition: options.onPartition }),
    });
    const warnings: string[] = [];
    const topics = topicsOf(partitions, readTopicSettings(fileSystem, from), warnings);
    const largest = partitions.reduce(
      (most, { maxProducerId }) => (maxProducerId > most ? maxProducerId : most),
      -1n,
    );
    const nextProducerId =
      (Number(largest / BigInt(PRODUCER_ID_BLOCK_SIZE)) + 2) * PRODUCER_ID_BLOCK_SIZE;
    const { clusterId, nodeId } = identity;
    const store = await EmbeddedStore.open({
      fileSystem,
      directory: join(to, METADATA_DIRECTORY),
      logger: silentLogger,
    });
    try {
      await adoptTopics(store, { clusterId, nodeId, topics, nextProducerId });
    } finally {
      await store.close();
    }
    // The identity comes last: with it the directory is complete, and without it no broker starts on these topics.
    const directoryId = newDirectoryId(new SystemRandom());
    writeDirectoryIdentityNow(fileSystem, to, { clusterId, nodeId, directoryId });
    return {
      clusterId,
      nodeId,
      topics: topics.map((topic) => ({ ...topic, partitions: topic.leaderEpochs.length })),
      warnings,
    };
  } catch (error) {
    throw error instanceof StorageError ? new StartError(error.message, { cause: error }) : error;
  } finally {
    lock.release();
  }
}

function checkSource(fileSystem: FileSystem, from: string): { clusterId: string; nodeId: number } {
  const identity = fileSystem.existsSync(from)
    ? readDirectoryIdentity(fileSystem, from)
    : undefined;
  if (identity === undefined)
    throw new StartError(
      `${from} is not a log directory of Kafka (it has no meta.properties): name one of its log.dirs`,
    );
  if (fileSystem.existsSync(join(from, METADATA_DIRECTORY)))
    throw new StartError(
      `${from} is a data directory of Ottla already: start it with ottla server --data-dir ${from}`,
    );
  if (!fileSystem.existsSync(join(from, CLEAN_SHUTDOWN_MARKER)))
    throw new StartError(
      `Kafka still runs on ${from}, or did not stop cleanly: stop it with SIGTERM (start it once more if it crashed), then adopt`,
    );
  return identity;
}

function checkTarget(fileSystem: FileSystem, to: string): void {
  if (!fileSystem.existsSync(to)) return;
  if (!fileSystem.statSync(to).isDirectory)
    throw new StartError(`${to} is not a directory: name another with --data-dir`);
  const names = fileSystem.listSync(to).filter((name) => name !== ".lock");
  if (names.length > 0)
    throw new StartError(
      `${to} is not empty: name a new directory with --data-dir, adopted topics cannot be added to others`,
    );
}

function topicsOf(
  partitions: readonly AdoptedPartition[],
  settings: TopicSettings,
  warnings: string[],
): AdoptedTopic[] {
  const topics: AdoptedTopic[] = [];
  for (const [name, mine] of Map.groupBy(partitions, ({ topic }) => topic)) {
    const ids = new Set(mine.map(({ topicId }) => topicId));
    const [topicId] = ids;
    if (topicId === undefined || ids.size > 1)
      throw new StartError(
        `the partitions of topic ${name} have different topic ids: move the directories of the deleted one away`,
      );
    const byNumber = new Map(mine.map((one) => [one.partition, one]));
    const count = Math.max(...byNumber.keys()) + 1;
    if (byNumber.size < count)
      warnings.push(
        `topic ${name}: ${count - byNumber.size} of ${count} partitions are not in this directory and start empty`,
      );
    const leaderEpochs = Array.from(
      { length: count },
      (_, partition) => byNumber.get(partition)?.leaderEpoch ?? -1,
    );
    topics.push({ name, topicId, configs: [...(settings.get(name) ?? [])], leaderEpochs });
  }
  return topics.sort((left, right) => (left.name < right.name ? -1 : 1));
}
