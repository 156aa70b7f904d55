import { produceRequest, produceResponse } from "./00-produce.ts";
import { fetchRequest, fetchResponse } from "./01-fetch.ts";
import { listOffsetsRequest, listOffsetsResponse } from "./02-list-offsets.ts";
import { metadataRequest, metadataResponse } from "./03-metadata.ts";
import { offsetCommitRequest, offsetCommitResponse } from "./08-offset-commit.ts";
import { offsetFetchRequest, offsetFetchResponse } from "./09-offset-fetch.ts";
import { findCoordinatorRequest, findCoordinatorResponse } from "./10-find-coordinator.ts";
import { joinGroupRequest, joinGroupResponse } from "./11-join-group.ts";
import { heartbeatRequest, heartbeatResponse } from "./12-heartbeat.ts";
import { leaveGroupRequest, leaveGroupResponse } from "./13-leave-group.ts";
import { syncGroupRequest, syncGroupResponse } from "./14-sync-group.ts";
import { describeGroupsRequest, describeGroupsResponse } from "./15-describe-groups.ts";
import { listGroupsRequest, listGroupsResponse } from "./16-list-groups.ts";
import { saslHandshakeRequest, saslHandshakeResponse } from "./17-sasl-handshake.ts";
import { apiVersionsRequest, apiVersionsResponse } from "./18-api-versions.ts";
import { createTopicsRequest, createTopicsResponse } from "./19-create-topics.ts";
import { deleteTopicsRequest, deleteTopicsResponse } from "./20-delete-topics.ts";
import { deleteRecordsRequest, deleteRecordsResponse } from "./21-delete-records.ts";
import { initProducerIdRequest, initProducerIdResponse } from "./22-init-producer-id.ts";
import {
  offsetForLeaderEpochRequest,
  offsetForLeaderEpochResponse,
} from "./23-offset-for-leader-epoch.ts";
import {
  addPartitionsToTxnRequest,
  addPartitionsToTxnResponse,
} from "./24-add-partitions-to-txn.ts";
import { addOffsetsToTxnRequest, addOffsetsToTxnResponse } from "./25-add-offsets-to-txn.ts";
import { endTxnRequest, endTxnResponse } from "./26-end-txn.ts";
import { writeTxnMarkersRequest, writeTxnMarkersResponse } from "./27-write-txn-markers.ts";
import { txnOffsetCommitRequest, txnOffsetCommitResponse } from "./28-txn-offset-commit.ts";
import { describeAclsRequest, describeAclsResponse } from "./29-describe-acls.ts";
import { createAclsRequest, createAclsResponse } from "./30-create-acls.ts";
import { deleteAclsRequest, deleteAclsResponse } from "./31-delete-acls.ts";
import { describeConfigsRequest, describeConfigsResponse } from "./32-describe-configs.ts";
import { alterConfigsRequest, alterConfigsResponse } from "./33-alter-configs.ts";
import {
  alterReplicaLogDirsRequest,
  alterReplicaLogDirsResponse,
} from "./34-alter-replica-log-dirs.ts";
import { describeLogDirsRequest, describeLogDirsResponse } from "./35-describe-log-dirs.ts";
import { saslAuthenticateRequest, saslAuthenticateResponse } from "./36-sasl-authenticate.ts";
import { createPartitionsRequest, createPartitionsResponse } from "./37-create-partitions.ts";
import {
  createDelegationTokenRequest,
  createDelegationTokenResponse,
} from "./38-create-delegation-token.ts";
import {
  renewDelegationTokenRequest,
  renewDelegationTokenResponse,
} from "./39-renew-delegation-token.ts";
import {
  expireDelegationTokenRequest,
  expireDelegationTokenResponse,
} from "./40-expire-delegation-token.ts";
import {
  describeDelegationTokenRequest,
  describeDelegationTokenResponse,
} from "./41-describe-delegation-token.ts";
import { deleteGroupsRequest, deleteGroupsResponse } from "./42-delete-groups.ts";
import { electLeadersRequest, electLeadersResponse } from "./43-elect-leaders.ts";
import {
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
} from "./44-incremental-alter-configs.ts";
import {
  alterPartitionReassignmentsRequest,
  alterPartitionReassignmentsResponse,
} from "./45-alter-partition-reassignments.ts";
import {
  listPartitionReassignmentsRequest,
  listPartitionReassignmentsResponse,
} from "./46-list-partition-reassignments.ts";
import { offsetDeleteRequest, offsetDeleteResponse } from "./47-offset-delete.ts";
import {
  describeClientQuotasRequest,
  describeClientQuotasResponse,
} from "./48-describe-client-quotas.ts";
import { alterClientQuotasRequest, alterClientQuotasResponse } from "./49-alter-client-quotas.ts";
import {
  describeUserScramCredentialsRequest,
  describeUserScramCredentialsResponse,
} from "./50-describe-user-scram-credentials.ts";
import {
  alterUserScramCredentialsRequest,
  alterUserScramCredentialsResponse,
} from "./51-alter-user-scram-credentials.ts";
import { describeQuorumRequest, describeQuorumResponse } from "./55-describe-quorum.ts";
import { updateFeaturesRequest, updateFeaturesResponse } from "./57-update-features.ts";
import { describeClusterRequest, describeClusterResponse } from "./60-describe-cluster.ts";
import { describeProducersRequest, describeProducersResponse } from "./61-describe-producers.ts";
import { unregisterBrokerRequest, unregisterBrokerResponse } from "./64-unregister-broker.ts";
import {
  describeTransactionsRequest,
  describeTransactionsResponse,
} from "./65-describe-transactions.ts";
import { listTransactionsRequest, listTransactionsResponse } from "./66-list-transactions.ts";
import {
  consumerGroupHeartbeatRequest,
  consumerGroupHeartbeatResponse,
} from "./68-consumer-group-heartbeat.ts";
import {
  consumerGroupDescribeRequest,
  consumerGroupDescribeResponse,
} from "./69-consumer-group-describe.ts";
import {
  getTelemetrySubscriptionsRequest,
  getTelemetrySubscriptionsResponse,
} from "./71-get-telemetry-subscriptions.ts";
import { pushTelemetryRequest, pushTelemetryResponse } from "./72-push-telemetry.ts";
import {
  listConfigResourcesRequest,
  listConfigResourcesResponse,
} from "./74-list-config-resources.ts";
import {
  describeTopicPartitionsRequest,
  describeTopicPartitionsResponse,
} from "./75-describe-topic-partitions.ts";
import {
  shareGroupHeartbeatRequest,
  shareGroupHeartbeatResponse,
} from "./76-share-group-heartbeat.ts";
import {
  shareGroupDescribeRequest,
  shareGroupDescribeResponse,
} from "./77-share-group-describe.ts";
import { shareFetchRequest, shareFetchResponse } from "./78-share-fetch.ts";
import { shareAcknowledgeRequest, shareAcknowledgeResponse } from "./79-share-acknowledge.ts";
import { addRaftVoterRequest, addRaftVoterResponse } from "./80-add-raft-voter.ts";
import { removeRaftVoterRequest, removeRaftVoterResponse } from "./81-remove-raft-voter.ts";
import {
  streamsGroupHeartbeatRequest,
  streamsGroupHeartbeatResponse,
} from "./88-streams-group-heartbeat.ts";
import {
  streamsGroupDescribeRequest,
  streamsGroupDescribeResponse,
} from "./89-streams-group-describe.ts";
import {
  describeShareGroupOffsetsRequest,
  describeShareGroupOffsetsResponse,
} from "./90-describe-share-group-offsets.ts";
import {
  alterShareGroupOffsetsRequest,
  alterShareGroupOffsetsResponse,
} from "./91-alter-share-group-offsets.ts";
import {
  deleteShareGroupOffsetsRequest,
  deleteShareGroupOffsetsResponse,
} from "./92-delete-share-group-offsets.ts";
import { defineApi, type ApiDefinition } from "../schema/api.ts";

/** Kafka's numbers of the client-facing APIs. */
export const ApiKey = {
  Produce: 0,
  Fetch: 1,
  ListOffsets: 2,
  Metadata: 3,
  OffsetCommit: 8,
  OffsetFetch: 9,
  FindCoordinator: 10,
  JoinGroup: 11,
  Heartbeat: 12,
  LeaveGroup: 13,
  SyncGroup: 14,
  DescribeGroups: 15,
  ListGroups: 16,
  SaslHandshake: 17,
  ApiVersions: 18,
  CreateTopics: 19,
  DeleteTopics: 20,
  DeleteRecords: 21,
  InitProducerId: 22,
  OffsetForLeaderEpoch: 23,
  AddPartitionsToTxn: 24,
  AddOffsetsToTxn: 25,
  EndTxn: 26,
  WriteTxnMarkers: 27,
  TxnOffsetCommit: 28,
  DescribeAcls: 29,
  CreateAcls: 30,
  DeleteAcls: 31,
  DescribeConfigs: 32,
  AlterConfigs: 33,
  AlterReplicaLogDirs: 34,
  DescribeLogDirs: 35,
  SaslAuthenticate: 36,
  CreatePartitions: 37,
  CreateDelegationToken: 38,
  RenewDelegationToken: 39,
  ExpireDelegationToken: 40,
  DescribeDelegationToken: 41,
  DeleteGroups: 42,
  ElectLeaders: 43,
  IncrementalAlterConfigs: 44,
  AlterPartitionReassignments: 45,
  ListPartitionReassignments: 46,
  OffsetDelete: 47,
  DescribeClientQuotas: 48,
  AlterClientQuotas: 49,
  DescribeUserScramCredentials: 50,
  AlterUserScramCredentials: 51,
  DescribeQuorum: 55,
  UpdateFeatures: 57,
  DescribeCluster: 60,
  DescribeProducers: 61,
  UnregisterBroker: 64,
  DescribeTransactions: 65,
  ListTransactions: 66,
  ConsumerGroupHeartbeat: 68,
  ConsumerGroupDescribe: 69,
  GetTelemetrySubscriptions: 71,
  PushTelemetry: 72,
  ListConfigResources: 74,
  DescribeTopicPartitions: 75,
  ShareGroupHeartbeat: 76,
  ShareGroupDescribe: 77,
  ShareFetch: 78,
  ShareAcknowledge: 79,
  AddRaftVoter: 80,
  RemoveRaftVoter: 81,
  StreamsGroupHeartbeat: 88,
  StreamsGroupDescribe: 89,
  DescribeShareGroupOffsets: 90,
  AlterShareGroupOffsets: 91,
  DeleteShareGroupOffsets: 92,
} as const;

export type ApiKey = (typeof ApiKey)[keyof typeof ApiKey];

/** Every API with the static types of its request and response. */
export const Api = {
  Produce: defineApi(produceRequest, produceResponse),
  Fetch: defineApi(fetchRequest, fetchResponse),
  ListOffsets: defineApi(listOffsetsRequest, listOffsetsResponse),
  Metadata: defineApi(metadataRequest, metadataResponse),
  OffsetCommit: defineApi(offsetCommitRequest, offsetCommitResponse),
  OffsetFetch: defineApi(offsetFetchRequest, offsetFetchResponse),
  FindCoordinator: defineApi(findCoordinatorRequest, findCoordinatorResponse),
  JoinGroup: defineApi(joinGroupRequest, joinGroupResponse),
  Heartbeat: defineApi(heartbeatRequest, heartbeatResponse),
  LeaveGroup: defineApi(leaveGroupRequest, leaveGroupResponse),
  SyncGroup: defineApi(syncGroupRequest, syncGroupResponse),
  DescribeGroups: defineApi(describeGroupsRequest, describeGroupsResponse),
  ListGroups: defineApi(listGroupsRequest, listGroupsResponse),
  SaslHandshake: defineApi(saslHandshakeRequest, saslHandshakeResponse),
  ApiVersions: defineApi(apiVersionsRequest, apiVersionsResponse),
  CreateTopics: defineApi(createTopicsRequest, createTopicsResponse),
  DeleteTopics: defineApi(deleteTopicsRequest, deleteTopicsResponse),
  DeleteRecords: defineApi(deleteRecordsRequest, deleteRecordsResponse),
  InitProducerId: defineApi(initProducerIdRequest, initProducerIdResponse),
  OffsetForLeaderEpoch: defineApi(offsetForLeaderEpochRequest, offsetForLeaderEpochResponse),
  AddPartitionsToTxn: defineApi(addPartitionsToTxnRequest, addPartitionsToTxnResponse),
  AddOffsetsToTxn: defineApi(addOffsetsToTxnRequest, addOffsetsToTxnResponse),
  EndTxn: defineApi(endTxnRequest, endTxnResponse),
  WriteTxnMarkers: defineApi(writeTxnMarkersRequest, writeTxnMarkersResponse),
  TxnOffsetCommit: defineApi(txnOffsetCommitRequest, txnOffsetCommitResponse),
  DescribeAcls: defineApi(describeAclsRequest, describeAclsResponse),
  CreateAcls: defineApi(createAclsRequest, createAclsResponse),
  DeleteAcls: defineApi(deleteAclsRequest, deleteAclsResponse),
  DescribeConfigs: defineApi(describeConfigsRequest, describeConfigsResponse),
  AlterConfigs: defineApi(alterConfigsRequest, alterConfigsResponse),
  AlterReplicaLogDirs: defineApi(alterReplicaLogDirsRequest, alterReplicaLogDirsResponse),
  DescribeLogDirs: defineApi(describeLogDirsRequest, describeLogDirsResponse),
  SaslAuthenticate: defineApi(saslAuthenticateRequest, saslAuthenticateResponse),
  CreatePartitions: defineApi(createPartitionsRequest, createPartitionsResponse),
  CreateDelegationToken: defineApi(createDelegationTokenRequest, createDelegationTokenResponse),
  RenewDelegationToken: defineApi(renewDelegationTokenRequest, renewDelegationTokenResponse),
  ExpireDelegationToken: defineApi(expireDelegationTokenRequest, expireDelegationTokenResponse),
  DescribeDelegationToken: defineApi(
    describeDelegationTokenRequest,
    describeDelegationTokenResponse,
  ),
  DeleteGroups: defineApi(deleteGroupsRequest, deleteGroupsResponse),
  ElectLeaders: defineApi(electLeadersRequest, electLeadersResponse),
  IncrementalAlterConfigs: defineApi(
    incrementalAlterConfigsRequest,
    incrementalAlterConfigsResponse,
  ),
  AlterPartitionReassignments: defineApi(
    alterPartitionReassignmentsRequest,
    alterPartitionReassignmentsResponse,
  ),
  ListPartitionReassignments: defineApi(
    listPartitionReassignmentsRequest,
    listPartitionReassignmentsResponse,
  ),
  OffsetDelete: defineApi(offsetDeleteRequest, offsetDeleteResponse),
  DescribeClientQuotas: defineApi(describeClientQuotasRequest, describeClientQuotasResponse),
  AlterClientQuotas: defineApi(alterClientQuotasRequest, alterClientQuotasResponse),
  DescribeUserScramCredentials: defineApi(
    describeUserScramCredentialsRequest,
    describeUserScramCredentialsResponse,
  ),
  AlterUserScramCredentials: defineApi(
    alterUserScramCredentialsRequest,
    alterUserScramCredentialsResponse,
  ),
  DescribeQuorum: defineApi(describeQuorumRequest, describeQuorumResponse),
  UpdateFeatures: defineApi(updateFeaturesRequest, updateFeaturesResponse),
  DescribeCluster: defineApi(describeClusterRequest, describeClusterResponse),
  DescribeProducers: defineApi(describeProducersRequest, describeProducersResponse),
  UnregisterBroker: defineApi(unregisterBrokerRequest, unregisterBrokerResponse),
  DescribeTransactions: defineApi(describeTransactionsRequest, describeTransactionsResponse),
  ListTransactions: defineApi(listTransactionsRequest, listTransactionsResponse),
  ConsumerGroupHeartbeat: defineApi(consumerGroupHeartbeatRequest, consumerGroupHeartbeatResponse),
  ConsumerGroupDescribe: defineApi(consumerGroupDescribeRequest, consumerGroupDescribeResponse),
  GetTelemetrySubscriptions: defineApi(
    getTelemetrySubscriptionsRequest,
    getTelemetrySubscriptionsResponse,
  ),
  PushTelemetry: defineApi(pushTelemetryRequest, pushTelemetryResponse),
  ListConfigResources: defineApi(listConfigResourcesRequest, listConfigResourcesResponse),
  DescribeTopicPartitions: defineApi(
    describeTopicPartitionsRequest,
    describeTopicPartitionsResponse,
  ),
  ShareGroupHeartbeat: defineApi(shareGroupHeartbeatRequest, shareGroupHeartbeatResponse),
  ShareGroupDescribe: defineApi(shareGroupDescribeRequest, shareGroupDescribeResponse),
  ShareFetch: defineApi(shareFetchRequest, shareFetchResponse),
  ShareAcknowledge: defineApi(shareAcknowledgeRequest, shareAcknowledgeResponse),
  AddRaftVoter: defineApi(addRaftVoterRequest, addRaftVoterResponse),
  RemoveRaftVoter: defineApi(removeRaftVoterRequest, removeRaftVoterResponse),
  StreamsGroupHeartbeat: defineApi(streamsGroupHeartbeatRequest, streamsGroupHeartbeatResponse),
  StreamsGroupDescribe: defineApi(streamsGroupDescribeRequest, streamsGroupDescribeResponse),
  DescribeShareGroupOffsets: defineApi(
    describeShareGroupOffsetsRequest,
    describeShareGroupOffsetsResponse,
  ),
  AlterShareGroupOffsets: defineApi(alterShareGroupOffsetsRequest, alterShareGroupOffsetsResponse),
  DeleteShareGroupOffsets: defineApi(
    deleteShareGroupOffsetsRequest,
    deleteShareGroupOffsetsResponse,
  ),
} as const;

/** The same by api key, for what comes from the wire. */
export const apis: ReadonlyMap<number, ApiDefinition> = new Map(
  Object.values(Api).map((api): [number, ApiDefinition] => [api.key, api]),
);
