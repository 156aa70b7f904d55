import type { Clock, Logger, Random } from "@ottla/runtime";
import type { ShardContext } from "../runtime/shard.ts";
import type { ClassicGroup } from "./classic/classic-group.ts";
import type { GroupConfig } from "./group-config.ts";
import type { OffsetStore } from "./offset-store.ts";

export interface GroupShardServices {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly config: GroupConfig;
}

/** What the operations on groups and offsets work on: the state of one shard and its services. */
export interface GroupState extends GroupShardServices {
  readonly groups: Map<string, ClassicGroup>;
  readonly offsets: OffsetStore;
  readonly context: ShardContext;
}
