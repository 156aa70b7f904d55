import {
  Api,
  consumerProtocolAssignment,
  decodeVersioned,
  ErrorCode,
  type DescribeGroupsResponse,
} from "@ottla/protocol";
import type { Cluster } from "../connection/cluster.ts";
import { CoordinatorLookup } from "../coordinator-lookup.ts";
import { checkCode, KafkaError } from "../errors.ts";
import { groupByTopic, type TopicPartition } from "../topic-partition.ts";
import { errorOf, type WithError } from "./admin-results.ts";
import type { Retrying } from "./retrying.ts";

export interface ListedGroup {
  readonly groupId: string;
  readonly protocolType: string;
  /** Empty when the broker is too old to tell, and so for the type. */
  readonly state: string;
  readonly type: string;
}

export interface DescribedMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly assignment: readonly TopicPartition[];
}

export interface DescribedGroup extends WithError {
  readonly groupId: string;
  readonly state: string;
  readonly protocolType: string;
  /** The assignor that the members agreed on. */
  readonly protocol: string;
  readonly coordinator:
    | { readonly nodeId: number; readonly host: string; readonly port: number }
    | undefined;
  readonly members: readonly DescribedMember[];
}

export interface GroupResult extends WithError {
  readonly groupId: string;
}

export interface PartitionResult extends TopicPartition, WithError {}

const CONSUMER_PROTOCOL = "consumer";

/** Every broker knows the groups that it coordinates, so all are asked. */
export async function listGroups(
  retrying: Retrying,
  cluster: Cluster,
  filter: { readonly states: readonly string[]; readonly types: readonly string[] },
): Promise<ListedGroup[]> {
  return retrying.run(async () => {
    await cluster.refreshMetadata();
    const answers = await Promise.all(
      [...cluster.metadata.brokers.keys()].map(async (nodeId) => {
        const response = await cluster.request(nodeId, Api.ListGroups, {
          statesFilter: filter.states,
          typesFilter: filter.types,
        });
        checkCode(response.errorCode);
        return response.groups;
      }),
    );
    return answers
      .flat()
      .map(({ groupId, protocolType, groupState, groupType }) => ({
        groupId,
        protocolType,
        state: groupState,
        type: groupType,
      }))
      .sort((one, other) => (one.groupId < other.groupId ? -1 : 1));
  });
}

export async function describeGroup(
  cluster: Cluster,
  groupId: string,
  totalTimeoutMs: number,
): Promise<DescribedGroup> {
  const lookup = new CoordinatorLookup(cluster, groupId, "main");
  const response = await lookup.requestWithRetries(
    Api.DescribeGroups,
    { groups: [groupId], includeAuthorizedOperations: false },
    ({ groups }) => throwIfRetriable(groups[0]?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR),
    { totalTimeoutMs },
  );
  const group = response.groups[0] as DescribeGroupsResponse["groups"][number];
  const broker =
    lookup.nodeId === undefined ? undefined : cluster.metadata.brokers.get(lookup.nodeId);
  return {
    groupId,
    state: group.groupState,
    protocolType: group.protocolType,
    protocol: group.protocolData,
    coordinator: broker && { nodeId: broker.nodeId, host: broker.host, port: broker.port },
    members: group.members.map((member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      assignment:
        group.protocolType === CONSUMER_PROTOCOL ? readAssignment(member.memberAssignment) : [],
    })),
    ...errorOf(group.errorCode, group.errorMessage),
  };
}

function readAssignment(bytes: Uint8Array): TopicPartition[] {
  // A member has none while its group is in a rebalance.
  if (bytes.length === 0) return [];
  const { value } = decodeVersioned(consumerProtocolAssignment, bytes);
  return value.assignedPartitions.flatMap(({ topic, partitions }) =>
    partitions.map((partition) => ({ topic, partition })),
  );
}

export async function deleteGroup(
  cluster: Cluster,
  groupId: string,
  totalTimeoutMs: number,
): Promise<GroupResult> {
  const lookup = new CoordinatorLookup(cluster, groupId, "main");
  const response = await lookup.requestWithRetries(
    Api.DeleteGroups,
    { groupsNames: [groupId] },
    ({ results }) => throwIfRetriable(results[0]?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR),
    { totalTimeoutMs },
  );
  return { groupId, ...errorOf(response.results[0]?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR) };
}

export async function deleteOffsets(
  cluster: Cluster,
  groupId: string,
  partitions: readonly TopicPartition[],
  totalTimeoutMs: number,
): Promise<PartitionResult[]> {
  const lookup = new CoordinatorLookup(cluster, groupId, "main");
  const response = await lookup.requestWithRetries(
    Api.OffsetDelete,
    {
      groupId,
      topics: [...groupByTopic(partitions)].map(([name, list]) => ({
        name,
        partitions: list.map(({ partition }) => ({ partitionIndex: partition })),
      })),
    },
    ({ errorCode }) => checkCode(errorCode),
    { totalTimeoutMs },
  );
  return response.topics.flatMap(({ name, partitions: list }) =>
    list.map(({ partitionIndex, errorCode }) => ({
      topic: name,
      partition: partitionIndex,
      ...errorOf(errorCode),
    })),
  );
}

/** What passes is asked again; what does not is part of the result. */
function throwIfRetriable(errorCode: number): void {
  const error = new KafkaError(errorCode);
  if (error.retriable) throw error;
}
