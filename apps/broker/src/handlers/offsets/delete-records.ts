/*
 * DeleteRecords (API 21), versions 0 to 2 (KIP-107): moves the log start offset of partitions forward, durably
 * before the answer. Version 2 is flexible.
 */
import { isInternalTopic } from "@ottla/coordinator";
import { Api, ErrorCode } from "@ottla/protocol";
import { defineHandler } from "../../request/handler.ts";
import type { RequestContext } from "../../request/request-context.ts";

/** Stands for the high watermark. */
const HIGH_WATERMARK = -1n;
/** The low watermark of a partition that was refused. */
const NO_LOW_WATERMARK = -1n;

export const deleteRecords = defineHandler({
  api: Api.DeleteRecords,
  minVersion: 0,
  maxVersion: 2,
  async handle(context, { topics }) {
    // A partition that is named twice is answered once, for the last offset, as in Kafka.
    const offsets = new Map<string, Map<number, bigint>>();
    for (const { name, partitions } of topics) {
      const ofTopic = offsets.get(name) ?? new Map<number, bigint>();
      for (const { partitionIndex, offset } of partitions) ofTopic.set(partitionIndex, offset);
      offsets.set(name, ofTopic);
    }
    return {
      topics: await Promise.all(
        [...offsets].map(async ([name, ofTopic]) => ({
          name,
          partitions: await Promise.all(
            [...ofTopic].map(([partition, offset]) =>
              deleteOne(context, { name, partition, offset }),
            ),
          ),
        })),
      ),
    };
  },
});

async function deleteOne(
  { services }: RequestContext,
  asked: { readonly name: string; readonly partition: number; readonly offset: bigint },
) {
  const { name, partition: partitionIndex, offset } = asked;
  const refuse = (errorCode: number) => ({
    partitionIndex,
    lowWatermark: NO_LOW_WATERMARK,
    errorCode,
  });
  const partition = services.partitions.get(name, partitionIndex);
  if (!partition) return refuse(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  if (isInternalTopic(name)) return refuse(ErrorCode.INVALID_TOPIC_EXCEPTION);
  // An offset beyond 2^53 becomes inexact but stays beyond every log end.
  const before = offset === HIGH_WATERMARK ? "high watermark" : Number(offset);
  const outcome = await partition.deleteRecordsBefore(before);
  if (!outcome.ok) return refuse(outcome.errorCode);
  const lowWatermark = BigInt(outcome.logStartOffset);
  return { partitionIndex, lowWatermark, errorCode: ErrorCode.NONE };
}
