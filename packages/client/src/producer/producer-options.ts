import { CompressionType, compressionTypeByName, type CompressionName } from "@ottla/protocol";
import type { ConnectionOptions } from "../options.ts";

export interface ProducerSettingsInput {
  /** -1 or "all": every in-sync replica has it; 1: the leader has it; 0: do not wait. */
  readonly acks?: -1 | 0 | 1 | "all";
  /** Retries leave neither duplicates nor gaps nor disorder. Needs acks=all, and is then the default. */
  readonly idempotent?: boolean;
  readonly compression?: CompressionName;
  /** For gzip and zstd. */
  readonly compressionLevel?: number;
  /**
   * How long a batch waits for more records. By default it does not: records that are given in one
   * turn of the event loop still share a batch, and more gather while requests are on their way.
   */
  readonly lingerMs?: number;
  /** Bytes of a batch before compression at which it is full. */
  readonly batchSize?: number;
  /** Bytes of one request, and so of one record. */
  readonly maxRequestSize?: number;
  /** Bytes of records that wait or are on their way; `send` waits while there are more. */
  readonly bufferMemory?: number;
  /** How long `send` waits for metadata and for room in the buffer. */
  readonly maxBlockMs?: number;
  /** From `send` to success or failure, over all retries. */
  readonly deliveryTimeoutMs?: number;
  readonly maxInFlightRequests?: number;
  readonly allowAutoTopicCreation?: boolean;
}

export interface ProducerOptions extends ConnectionOptions, ProducerSettingsInput {}

export interface ProducerSettings {
  readonly acks: -1 | 0 | 1;
  readonly idempotent: boolean;
  readonly compression: CompressionType;
  readonly compressionLevel: number | undefined;
  readonly lingerMs: number;
  readonly batchSize: number;
  readonly maxRequestSize: number;
  readonly bufferMemory: number;
  readonly maxBlockMs: number;
  readonly deliveryTimeoutMs: number;
  readonly maxInFlightRequests: number;
  readonly allowAutoTopicCreation: boolean;
}

/** The broker remembers so many batches of a producer, so with more in flight it cannot tell a retry. */
const MAX_IDEMPOTENT_IN_FLIGHT = 5;
const DEFAULT_BATCH_SIZE = 128 * 1024;
const DEFAULT_MAX_REQUEST_SIZE = 1024 * 1024;
const DEFAULT_BUFFER_MEMORY = 32 * 1024 * 1024;

export function resolveProducerOptions(options: ProducerSettingsInput): ProducerSettings {
  const acks = options.acks === "all" ? -1 : (options.acks ?? -1);
  const idempotent = options.idempotent ?? acks === -1;
  const maxInFlightRequests = options.maxInFlightRequests ?? MAX_IDEMPOTENT_IN_FLIGHT;
  if (idempotent && acks !== -1) throw new TypeError("an idempotent producer needs acks=all");
  if (idempotent && maxInFlightRequests > MAX_IDEMPOTENT_IN_FLIGHT) {
    throw new TypeError(
      `an idempotent producer has at most ${MAX_IDEMPOTENT_IN_FLIGHT} requests in flight`,
    );
  }
  const compression = compressionTypeByName(options.compression ?? "none");
  if (compression === undefined)
    throw new TypeError(`no compression is called ${options.compression}`);
  const maxRequestSize = options.maxRequestSize ?? DEFAULT_MAX_REQUEST_SIZE;
  return {
    acks,
    idempotent,
    compression,
    compressionLevel: options.compressionLevel,
    lingerMs: options.lingerMs ?? 0,
    batchSize: Math.min(options.batchSize ?? DEFAULT_BATCH_SIZE, maxRequestSize),
    maxRequestSize,
    bufferMemory: Math.max(options.bufferMemory ?? DEFAULT_BUFFER_MEMORY, maxRequestSize),
    maxBlockMs: options.maxBlockMs ?? 60_000,
    deliveryTimeoutMs: options.deliveryTimeoutMs ?? 120_000,
    maxInFlightRequests,
    allowAutoTopicCreation: options.allowAutoTopicCreation ?? true,
  };
}
