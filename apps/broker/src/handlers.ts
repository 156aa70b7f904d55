import type { AnyHandler } from "./request/handler.ts";
import { advertise, apiVersions, type ServedApi } from "./handlers/api-versions/api-versions.ts";
import { describeCluster } from "./handlers/cluster/describe-cluster.ts";
import { alterConfigs } from "./handlers/configs/alter-configs.ts";
import { describeConfigs } from "./handlers/configs/describe-configs.ts";
import { incrementalAlterConfigs } from "./handlers/configs/incremental-alter-configs.ts";
import { fetch } from "./handlers/fetch/fetch.ts";
import { groupHandlers } from "./handlers/groups/index.ts";
import { describeTopicPartitions } from "./handlers/metadata/describe-topic-partitions.ts";
import { metadata } from "./handlers/metadata/metadata.ts";
import { deleteRecords } from "./handlers/offsets/delete-records.ts";
import { describeLogDirs } from "./handlers/log-dirs/describe-log-dirs.ts";
import { listOffsets } from "./handlers/offsets/list-offsets.ts";
import { offsetForLeaderEpoch } from "./handlers/offsets/offset-for-leader-epoch.ts";
import { produce } from "./handlers/produce/produce.ts";
import { createPartitions } from "./handlers/topics/create-partitions.ts";
import { createTopics } from "./handlers/topics/create-topics.ts";
import { deleteTopics } from "./handlers/topics/delete-topics.ts";
import { initProducerId } from "./handlers/transactions/init-producer-id.ts";

/** Every API that is served. ApiVersions is derived from this list, so there is no second place to forget. */
export const handlers: readonly AnyHandler[] = [
  produce,
  fetch,
  listOffsets,
  offsetForLeaderEpoch,
  metadata,
  describeTopicPartitions,
  createTopics,
  deleteTopics,
  createPartitions,
  deleteRecords,
  describeConfigs,
  alterConfigs,
  incrementalAlterConfigs,
  describeCluster,
  describeLogDirs,
  initProducerId,
  ...groupHandlers,
  apiVersions(() => handlers),
];

/** The same as clients are told it, for the coverage document. */
export function servedApis(): ServedApi[] {
  return advertise(handlers);
}
