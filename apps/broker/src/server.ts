import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { NodeFileSystem, SystemClock, SystemRandom, type Logger } from "@ottla/runtime";
import { LocalEngine, WorkerEngine, type StorageEngine } from "@ottla/storage";
import { Broker } from "./broker.ts";
import { loadBrokerConfig, type BrokerConfig } from "./config/broker-config.ts";
import { ConfigError } from "./config/config-error.ts";
import type { ConfigSources } from "./config/config-sources.ts";
import { explainStartFailure, StartError } from "./start-error.ts";

export { StartError } from "./start-error.ts";

export interface ServerOptions {
  readonly sources: ConfigSources;
  readonly logger: Logger;
  /** Called when the broker cannot go on: its only log directory is offline. */
  readonly onFatal: (reason: string) => void;
}

export interface RunningServer {
  readonly host: string;
  readonly port: number;
  readonly dataDirectory: string;
  readonly nodeId: number;
  readonly config: BrokerConfig;
  close(): Promise<void>;
}

/**
 * Starts the standalone broker. Rejects with StartError, whose message is one line that says what to
 * do; nothing is left running or changed on disk then.
 */
export async function runServer(options: ServerOptions): Promise<RunningServer> {
  const { logger } = options;
  const config = readConfig(options.sources);
  for (const warning of config.warnings) logger.warn(warning);
  if (config.flush === "none") {
    logger.warn("ottla.flush=none: acknowledged records can be lost when the machine loses power");
  }
  const clock = new SystemClock();
  const random = new SystemRandom();
  const fileSystem = new NodeFileSystem();
  const engine = createEngine(config, { clock, random, fileSystem, logger });
  engine.onDirectoryOffline = (directory, cause) => {
    options.onFatal(`log directory ${directory} is offline: ${cause.message}; it was the only one, so the broker stops`);
  };
  try {
    const broker = await Broker.start({ config, clock, random, fileSystem, logger, engine });
    logRecovery(broker, logger);
    return {
      ...broker.address,
      dataDirectory: resolve(config.dataDirectory),
      nodeId: config.nodeId,
      config,
      close: () => broker.close(),
    };
  } catch (error) {
    throw explainStartFailure(error, config);
  }
}

function readConfig(sources: ConfigSources): BrokerConfig {
  try {
    return loadBrokerConfig(sources, { processors: availableParallelism() });
  } catch (error) {
    if (error instanceof ConfigError) throw new StartError(error.message, { cause: error });
    throw error;
  }
}

function createEngine(
  config: BrokerConfig,
  seams: { clock: SystemClock; random: SystemRandom; fileSystem: NodeFileSystem; logger: Logger },
): StorageEngine {
  const options = {
    ...seams,
    directory: resolve(config.dataDirectory),
    flush: config.flush,
    slabBudgetBytes: config.receiveMemoryBytes,
    retentionIntervalMs: config.retentionCheckIntervalMs,
  };
  if (config.storageWorkers === 0) return new LocalEngine(options);
  return new WorkerEngine({ ...options, workers: config.storageWorkers });
}

function logRecovery({ recovery }: Broker, logger: Logger): void {
  if (recovery.cleanShutdown) return;
  for (const one of recovery.partitions) {
    if (one.offlineReason) logger.error("a partition stays offline", { topic: one.topic, partition: one.partition, reason: one.offlineReason });
  }
  if (recovery.partitions.length > 0) {
    logger.info("recovered after an unclean stop", { partitions: recovery.partitions.length, elapsedMs: Math.round(recovery.elapsedMs) });
  }
}
