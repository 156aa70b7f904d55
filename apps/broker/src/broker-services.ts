import type { Controller, GroupCoordinator } from "@ottla/coordinator";
import type { Clock, Logger, Random } from "@ottla/runtime";
import type { StorageEngine } from "@ottla/storage";
import type { BrokerConfig } from "./config/broker-config.ts";
import type { FetchSessionCache } from "./handlers/fetch/fetch-session-cache.ts";
import type { FetchWaiters } from "./handlers/fetch/fetch-waiters.ts";
import type { PartitionRegistry } from "./partition/partition-registry.ts";
import type { ListenerAddresses } from "./network/listener-addresses.ts";

/** The parts that handlers may use; assembled once, by `broker.ts`. */
export interface BrokerServices {
  readonly config: BrokerConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly engine: StorageEngine;
  readonly controller: Controller;
  readonly partitions: PartitionRegistry;
  readonly groups: GroupCoordinator;
  readonly fetchSessions: FetchSessionCache;
  readonly delayedFetches: FetchWaiters;
  readonly addresses: ListenerAddresses;
}
