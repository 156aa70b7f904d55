/*
 * Differences that we know of and mean to have: how the line begins, and why.
 */

const SHARE_STATE =
  "between brokers only; our share groups keep their state without these requests";
const NEW_NAME = "Kafka 4.4 renamed it, its bytes are the same; ours keeps the name of 4.3";
const NEWER_TAG =
  "a tagged field of Kafka 4.4 in a version that 4.3 has too; we skip it when we read";
const NEWER_API = "an API of Kafka 4.4, which we do not serve";

const EXPECTED: readonly (readonly [start: string, reason: string])[] = [
  ["OffsetCommitKey versions: ours 0-1", "one table for the legacy record type 0 and for 1"],
  ["DeleteShareGroupStateRequest:", SHARE_STATE],
  ["InitializeShareGroupStateRequest:", SHARE_STATE],
  ["ReadShareGroupStateRequest:", SHARE_STATE],
  ["ReadShareGroupStateSummaryRequest:", SHARE_STATE],
  ["WriteShareGroupStateRequest:", SHARE_STATE],
  ["StreamsGroupHeartbeatResponse  order:", NEW_NAME],
  ["StreamsGroupHeartbeatResponse.acceptableRecoveryLag", NEW_NAME],
  ["TxnOffsetCommitRequest  order:", NEW_NAME],
  ["TxnOffsetCommitRequest.generationId", NEW_NAME],
  ["StreamsGroupMetadataValue  order:", NEWER_TAG],
  ["StreamsGroupMetadataValue.failedDescriptionTopologyEpoch:", NEWER_TAG],
  ["StreamsGroupMetadataValue.storedDescriptionTopologyEpoch:", NEWER_TAG],
  ["StreamsGroupTopologyDescriptionUpdateRequest:", NEWER_API],
  ["UnregisterControllerRequest:", NEWER_API],
];

/** Why a difference is meant to be, or undefined when it is not. */
export function reasonFor(difference: string): string | undefined {
  return EXPECTED.find(([start]) => difference.startsWith(start))?.[1];
}
