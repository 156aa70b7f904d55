import type { EngineOptions } from "@ottla/storage";
import type { BrokerConfig } from "./broker-config.ts";

/** What the configuration tells the storage engine, however the broker is started. */
export function engineSettings(config: BrokerConfig) {
  return {
    flush: config.flush,
    slabBudgetBytes: config.receiveMemoryBytes,
    retentionIntervalMs: config.retentionCheckIntervalMs,
    producerIdExpirationMs: config.producerIdExpirationMs,
    recoveryThreads: config.recoveryThreads,
    cleaner: config.cleaner,
  } satisfies Partial<EngineOptions>;
}
