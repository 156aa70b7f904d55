import { Api } from "@ottla/protocol";
import { Cluster } from "../connection/cluster.ts";
import type { BrokerMetadata, TopicMetadata } from "../connection/metadata.ts";
import { CoordinatorLookup } from "../coordinator-lookup.ts";
import { checkCode } from "../errors.ts";
import {
  commitOffsets,
  fetchOffsets,
  type CommittedOffset,
  type OffsetToCommit,
} from "../group-offsets.ts";
import {
  listOffsets,
  type IsolationLevel,
  type ListedOffset,
  type OffsetQuery,
} from "../list-offsets.ts";
import { resolveConnectionOptions, type ConnectionOptions } from "../options.ts";
import type { TopicPartition } from "../topic-partition.ts";
import { errorOf, type WithError } from "./admin-results.ts";
import * as configs from "./configs.ts";
import * as groups from "./groups.ts";
import { describeLogDirs, type DescribedLogDir, type DescribeLogDirsOptions } from "./log-dirs.ts";
import * as records from "./records.ts";
import { Retrying } from "./retrying.ts";
import * as topics from "./topics.ts";

export interface AdminOptions extends ConnectionOptions {
  /** For one call over all its retries. */
  readonly apiTimeoutMs?: number;
}

export interface DescribedCluster {
  readonly clusterId: string | null;
  readonly controllerId: number;
  readonly brokers: readonly BrokerMetadata[];
}

const DEFAULT_API_TIMEOUT_MS = 60_000;

/**
 * Administers a cluster. A call that is about many things answers for each, with `error` where one
 * was refused; a call that could not be made at all throws.
 */
export class Admin {
  readonly #cluster: Cluster;
  readonly #retrying: Retrying;

  constructor(options: AdminOptions) {
    this.#cluster = new Cluster(resolveConnectionOptions(options), "admin client");
    this.#retrying = new Retrying(this.#cluster, options.apiTimeoutMs ?? DEFAULT_API_TIMEOUT_MS);
  }

  createTopics(
    list: readonly topics.NewTopic[],
    options: { readonly validateOnly?: boolean } = {},
  ): Promise<topics.CreatedTopic[]> {
    return topics.createTopics(this.#retrying, list, options.validateOnly ?? false);
  }

  deleteTopics(names: readonly string[]): Promise<topics.TopicResult[]> {
    return topics.deleteTopics(this.#retrying, names);
  }

  listTopics(options: { readonly includeInternal?: boolean } = {}): Promise<topics.ListedTopic[]> {
    return topics.listTopics(this.#retrying, this.#cluster, options.includeInternal ?? false);
  }

  /** Throws UNKNOWN_TOPIC_OR_PARTITION when one of them does not exist. */
  describeTopics(names: readonly string[]): Promise<TopicMetadata[]> {
    return topics.describeTopics(this.#retrying, this.#cluster, names);
  }

  /** Raises the number of partitions of each topic to `count`. */
  createPartitions(
    list: readonly { readonly topic: string; readonly count: number }[],
  ): Promise<topics.TopicResult[]> {
    return topics.createPartitions(this.#retrying, list);
  }

  describeConfigs(
    resources: readonly (configs.ConfigResource & { readonly configNames?: readonly string[] })[],
  ): Promise<configs.DescribedConfigs[]> {
    return configs.describeConfigs(this.#retrying, this.#cluster, resources);
  }

  alterConfigs(
    resources: readonly (configs.ConfigResource & {
      readonly changes: readonly configs.ConfigChange[];
    })[],
  ): Promise<(configs.ConfigResource & WithError)[]> {
    return configs.alterConfigs(this.#retrying, this.#cluster, resources);
  }

  /** Moves the start of partitions forward, so that older records are gone. Throws when one does not exist. */
  deleteRecords(list: readonly records.RecordsToDelete[]): Promise<records.DeletedRecords[]> {
    return records.deleteRecords(this.#retrying, this.#cluster, list);
  }

  listOffsets(
    queries: readonly OffsetQuery[],
    options: { readonly isolationLevel?: IsolationLevel } = {},
  ): Promise<ListedOffset[]> {
    return listOffsets(this.#cluster, queries, { ...options, timeoutMs: this.#retrying.timeoutMs });
  }

  listGroups(
    filter: { readonly states?: readonly string[]; readonly types?: readonly string[] } = {},
  ): Promise<groups.ListedGroup[]> {
    return groups.listGroups(this.#retrying, this.#cluster, {
      states: filter.states ?? [],
      types: filter.types ?? [],
    });
  }

  describeGroups(groupIds: readonly string[]): Promise<groups.DescribedGroup[]> {
    const { timeoutMs } = this.#retrying;
    return Promise.all(
      groupIds.map((groupId) => groups.describeGroup(this.#cluster, groupId, timeoutMs)),
    );
  }

  deleteGroups(groupIds: readonly string[]): Promise<groups.GroupResult[]> {
    const { timeoutMs } = this.#retrying;
    return Promise.all(
      groupIds.map((groupId) => groups.deleteGroup(this.#cluster, groupId, timeoutMs)),
    );
  }

  /** Offset -1 where nothing is committed; without partitions everything that the group has committed. */
  listConsumerGroupOffsets(
    groupId: string,
    partitions?: readonly TopicPartition[],
  ): Promise<CommittedOffset[]> {
    const lookup = new CoordinatorLookup(this.#cluster, groupId, "main");
    const options = { totalTimeoutMs: this.#retrying.timeoutMs, requireStable: false };
    return fetchOffsets(lookup, groupId, partitions ?? null, options);
  }

  /** Commits for the group, which must have no members. */
  async alterConsumerGroupOffsets(
    groupId: string,
    offsets: readonly OffsetToCommit[],
  ): Promise<groups.PartitionResult[]> {
    const lookup = new CoordinatorLookup(this.#cluster, groupId, "main");
    const nobody = { groupId, generationId: -1, memberId: "", groupInstanceId: null };
    const results = await commitOffsets(lookup, nobody, offsets, {
      totalTimeoutMs: this.#retrying.timeoutMs,
    });
    return results.map(({ topic, partition, errorCode }) => ({
      topic,
      partition,
      ...errorOf(errorCode),
    }));
  }

  deleteConsumerGroupOffsets(
    groupId: string,
    partitions: readonly TopicPartition[],
  ): Promise<groups.PartitionResult[]> {
    return groups.deleteOffsets(this.#cluster, groupId, partitions, this.#retrying.timeoutMs);
  }

  /** The log directories of brokers and what lies in them (KIP-113). */
  describeLogDirs(options: DescribeLogDirsOptions = {}): Promise<DescribedLogDir[]> {
    return describeLogDirs(this.#retrying, this.#cluster, options);
  }

  async describeCluster(): Promise<DescribedCluster> {
    const response = await this.#retrying.run(async () => {
      const answer = await this.#cluster.requestAny(Api.DescribeCluster, {});
      checkCode(answer.errorCode, answer.errorMessage);
      return answer;
    });
    return {
      clusterId: response.clusterId,
      controllerId: response.controllerId,
      brokers: response.brokers.map(({ brokerId, host, port, rack }) => ({
        nodeId: brokerId,
        host,
        port,
        rack,
      })),
    };
  }

  async close(): Promise<void> {
    this.#cluster.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
