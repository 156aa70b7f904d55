/*
 * Produce (API 0), versions 3 to 13. Version 13 names topics by id (KIP-516), 8 adds record errors
 * (KIP-467), 10 the current leader (KIP-951). Versions 0 to 2 are advertised but not served, because
 * older librdkafka looks for them before it enables compression (KAFKA-18659).
 */
import { Api, CompressionType, ErrorCode, RECORD_BATCH_OVERHEAD, ZERO_UUID, attributesAt, type ProduceRequest, type ProduceResponse } from "@ottla/protocol";
import { isInternalTopic } from "@ottla/coordinator";
import type { AppendOutcome, SlabSlice } from "@ottla/storage";
import { ACKS_ALL, type Partition } from "../../partition/partition.ts";
import { CLOSE_CONNECTION, NO_RESPONSE, defineHandler, type HandlerOutcome } from "../../request/handler.ts";
import type { RequestContext } from "../../request/request-context.ts";
import { awaitAppends } from "./await-appends.ts";

type TopicData = ProduceRequest["topicData"][number];
type PartitionData = TopicData["partitionData"][number];

interface PendingTopic {
  readonly name: string;
  readonly topicId: string;
  readonly partitions: readonly PendingPartition[];
}

interface PendingPartition {
  readonly index: number;
  readonly leader: Partition | undefined;
  readonly outcome: Promise<AppendOutcome>;
}

const TOPIC_IDS_SINCE = 13;
const ZSTD_SINCE = 7;
const CODEC_MASK = 0x07;

export const produce = defineHandler({
  api: Api.Produce,
  minVersion: 3,
  maxVersion: 13,
  advertisedMinVersion: 0,
  handle(context, request) {
    const { acks } = request;
    // Everything up to the first await keeps the order of the connection: all appends are handed over here.
    const topics = request.topicData.map((topic) => appendTopic(context, topic, acks));
    return answer(context, topics, request);
  },
});

async function answer(
  context: RequestContext,
  topics: readonly PendingTopic[],
  request: ProduceRequest,
): Promise<HandlerOutcome<ProduceResponse>> {
  const timeoutMs = request.acks === ACKS_ALL ? request.timeoutMs : Number.POSITIVE_INFINITY;
  const appends = topics.flatMap((topic) => topic.partitions.map((pending) => pending.outcome));
  const outcomes = await awaitAppends(context.services.clock, appends, timeoutMs);
  // With acks=0 there is no answer; a closed connection is the only way to tell that something failed.
  if (request.acks === 0) return outcomes.every((outcome) => outcome.ok) ? NO_RESPONSE : CLOSE_CONNECTION;
  let at = 0;
  const responses = topics.map((topic) => ({
    name: topic.name,
    topicId: topic.topicId,
    partitionResponses: topic.partitions.map((pending) => partitionResponse(pending, outcomes[at++]!)),
  }));
  return { responses, nodeEndpoints: [] };
}

function appendTopic(context: RequestContext, topic: TopicData, acks: number): PendingTopic {
  const { services, apiVersion } = context;
  const byId = apiVersion >= TOPIC_IDS_SINCE;
  const name = byId ? services.partitions.topicName(topic.topicId) : topic.name;
  const unknown = byId ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  const partitions = topic.partitionData.map((data) => {
    const leader = name === undefined ? undefined : services.partitions.get(name, data.index);
    const missing = name === undefined ? unknown : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    return { index: data.index, leader, outcome: append(context, leader, data, { acks, missing }) };
  });
  return { name: byId ? "" : topic.name, topicId: byId ? topic.topicId : ZERO_UUID, partitions };
}

function append(
  context: RequestContext,
  partition: Partition | undefined,
  data: PartitionData,
  options: { readonly acks: number; readonly missing: number },
): Promise<AppendOutcome> {
  const { acks } = options;
  if (acks !== ACKS_ALL && acks !== 0 && acks !== 1) {
    return refused(ErrorCode.INVALID_REQUIRED_ACKS, `acks is ${acks}, it must be -1, 0 or 1`);
  }
  if (!partition) return refused(options.missing, "this broker has no such partition");
  if (isInternalTopic(partition.topic) && context.clientId !== ADMIN_CLIENT_ID) {
    return refused(ErrorCode.INVALID_TOPIC_EXCEPTION, "internal topics are not written by clients");
  }
  if (data.records === null || data.records.length === 0) {
    return refused(ErrorCode.INVALID_RECORD, "the request carries no records for the partition");
  }
  if (context.apiVersion < ZSTD_SINCE && isZstd(data.records)) {
    return refused(ErrorCode.UNSUPPORTED_COMPRESSION_TYPE, `zstd needs version ${ZSTD_SINCE} of Produce`);
  }
  return partition.append({ records: recordsInSlab(context, data.records), origin: "client" }, acks);
}

/** Kafka lets only its admin tools write internal topics, which it tells by their reserved client id. */
const ADMIN_CLIENT_ID = "__admin_client";

/** The codec is in the batch header; records themselves are looked at by the storage engine only. */
function isZstd(records: Uint8Array): boolean {
  return records.length >= RECORD_BATCH_OVERHEAD && (attributesAt(records, 0) & CODEC_MASK) === CompressionType.ZSTD;
}

/** The decoded records are a view of the frame, which lies in shared memory: the same bytes as a slab slice. */
function recordsInSlab(context: RequestContext, records: Uint8Array): SlabSlice {
  const { slab } = context.frame;
  if (!slab) throw new Error("a Produce frame lies outside shared memory");
  return slab.subslice(records.byteOffset - slab.bytes.byteOffset, records.length);
}

function refused(errorCode: number, message: string): Promise<AppendOutcome> {
  return Promise.resolve({ ok: false, errorCode, message });
}

function partitionResponse(pending: PendingPartition, outcome: AppendOutcome) {
  if (outcome.ok) {
    return {
      index: pending.index,
      errorCode: ErrorCode.NONE,
      baseOffset: BigInt(outcome.baseOffset),
      logAppendTimeMs: BigInt(outcome.logAppendTimeMs),
      logStartOffset: BigInt(outcome.logStartOffset),
    };
  }
  const { leader } = pending;
  const moved = outcome.errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER && leader !== undefined;
  return {
    index: pending.index,
    errorCode: outcome.errorCode,
    baseOffset: -1n,
    logAppendTimeMs: -1n,
    logStartOffset: BigInt(leader?.logStartOffset ?? -1),
    recordErrors: (outcome.recordErrors ?? []).map((error) => ({
      batchIndex: error.batchIndex,
      batchIndexErrorMessage: error.message,
    })),
    errorMessage: outcome.message,
    ...(moved ? { currentLeader: { leaderId: leader.leader, leaderEpoch: leader.leaderEpoch } } : {}),
  };
}
