import { isolationLevelCode, type IsolationLevel } from "../list-offsets.ts";
import type { ConnectionOptions } from "../options.ts";
import { assignorByName, type Assignor, type AssignorName } from "./assignors/assignors.ts";

export type AutoOffsetReset = "earliest" | "latest" | "none";

export interface ConsumerSettingsInput {
  readonly groupId?: string;
  /** Makes a static member: it may be away for the session timeout without a rebalance. */
  readonly groupInstanceId?: string;
  /** Where to begin without a committed offset, or when that is gone. */
  readonly autoOffsetReset?: AutoOffsetReset;
  readonly autoCommit?: boolean;
  readonly autoCommitIntervalMs?: number;
  readonly isolationLevel?: IsolationLevel;
  readonly fetchMinBytes?: number;
  readonly fetchMaxWaitMs?: number;
  readonly fetchMaxBytes?: number;
  readonly maxPartitionFetchBytes?: number;
  readonly maxPollRecords?: number;
  /** Bytes of fetched records that wait in the client; nothing more is fetched while there are more. */
  readonly maxBufferedBytes?: number;
  readonly checkCrcs?: boolean;
  readonly sessionTimeoutMs?: number;
  readonly heartbeatIntervalMs?: number;
  /** A consumer that does not ask for records for so long leaves its group. */
  readonly maxPollIntervalMs?: number;
  /** In the order of preference. */
  readonly assignors?: readonly AssignorName[];
  readonly allowAutoTopicCreation?: boolean;
}

export interface ConsumerOptions extends ConnectionOptions, ConsumerSettingsInput {}

export interface ConsumerSettings {
  readonly groupId: string | undefined;
  readonly groupInstanceId: string | null;
  readonly autoOffsetReset: AutoOffsetReset;
  readonly autoCommit: boolean;
  readonly autoCommitIntervalMs: number;
  readonly isolationLevel: IsolationLevel;
  readonly isolationLevelCode: number;
  readonly fetchMinBytes: number;
  readonly fetchMaxWaitMs: number;
  readonly fetchMaxBytes: number;
  readonly maxPartitionFetchBytes: number;
  readonly maxPollRecords: number;
  readonly maxBufferedBytes: number;
  readonly checkCrcs: boolean;
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly maxPollIntervalMs: number;
  readonly assignors: readonly Assignor[];
  readonly allowAutoTopicCreation: boolean;
}

const MEBIBYTE = 1024 * 1024;
const DEFAULT_ASSIGNORS: readonly AssignorName[] = ["range", "cooperative-sticky"];

export function resolveConsumerOptions(options: ConsumerSettingsInput): ConsumerSettings {
  const isolationLevel = options.isolationLevel ?? "read_uncommitted";
  const names = options.assignors ?? DEFAULT_ASSIGNORS;
  if (names.length === 0) throw new TypeError("a consumer needs at least one assignor");
  if (options.groupId === "") throw new TypeError("the group id is empty");
  return {
    groupId: options.groupId,
    groupInstanceId: options.groupInstanceId ?? null,
    autoOffsetReset: options.autoOffsetReset ?? "latest",
    autoCommit: options.autoCommit ?? true,
    autoCommitIntervalMs: options.autoCommitIntervalMs ?? 5_000,
    isolationLevel,
    isolationLevelCode: isolationLevelCode(isolationLevel),
    fetchMinBytes: options.fetchMinBytes ?? 1,
    fetchMaxWaitMs: options.fetchMaxWaitMs ?? 500,
    fetchMaxBytes: options.fetchMaxBytes ?? 50 * MEBIBYTE,
    maxPartitionFetchBytes: options.maxPartitionFetchBytes ?? MEBIBYTE,
    maxPollRecords: options.maxPollRecords ?? 500,
    maxBufferedBytes: options.maxBufferedBytes ?? 64 * MEBIBYTE,
    checkCrcs: options.checkCrcs ?? true,
    sessionTimeoutMs: options.sessionTimeoutMs ?? 45_000,
    heartbeatIntervalMs: options.heartbeatIntervalMs ?? 3_000,
    maxPollIntervalMs: options.maxPollIntervalMs ?? 300_000,
    assignors: names.map(assignorByName),
    allowAutoTopicCreation: options.allowAutoTopicCreation ?? false,
  };
}
