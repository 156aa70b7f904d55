import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { NodeFileSystem, SystemClock, SystemRandom, type Logger } from "@ottla/runtime";
import { DirectoriesEngine, type RecoveryProgress, type StorageEngine, type WorkerEngineOptions } from "@ottla/storage";
import { Broker } from "./broker.ts";
import { loadBrokerConfig, type BrokerConfig } from "./config/broker-config.ts";
import { DirectoryIdentities } from "./directory-identities.ts";
import { ConfigError } from "./config/config-error.ts";
import { ControlSocket } from "./control/control-socket.ts";
import type { ConfigSources } from "./config/config-sources.ts";
import { engineSettings } from "./config/engine-settings.ts";
import { explainStartFailure, StartError } from "./start-error.ts";

const MEBIBYTE = 1024 * 1024;

export { StartError } from "./start-error.ts";

export interface ServerOptions {
  readonly sources: ConfigSources;
  readonly logger: Logger;
  /** Where storage workers get their file system from: a failing disk, for tests. Node's own when absent. */
  readonly fileSystemModule?: WorkerEngineOptions["fileSystemModule"];
  /** Called when the broker cannot go on: its last log directory is offline, or the one with the metadata, or metadata cannot be written. */
  readonly onFatal: (reason: string) => void;
}

export interface RunningServer {
  readonly host: string;
  readonly port: number;
  /** Absolute paths; the first also holds the metadata. */
  readonly logDirectories: readonly string[];
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
  const seams = { clock, random, fileSystem, logger };
  const directories = [...new Set(config.logDirectories.map((directory) => resolve(directory)))];
  const identities = new DirectoryIdentities({ fileSystem, random, directories });
  const engine = createEngine(config, {
    ...seams,
    directories,
    directoryIdOf: (directory) => identities.idOf(directory),
    ...(options.fileSystemModule && { fileSystemModule: options.fileSystemModule }),
  });
  engine.onDirectoryOffline = (directory, cause) => {
    const why = reasonToStop(engine, directory);
    if (why) options.onFatal(`log directory ${directory} is offline: ${cause.message}; ${why}, so the broker stops`);
    else logger.error("partitions of a log directory are offline until the next start; the broker goes on with the others", { directory, error: cause.message });
  };
  // Threads take as long to start as all the rest, and can do so beside it.
  engine.warmUp();
  try {
    const onMetadataFailed = ({ message }: Error): void => options.onFatal(`the broker stops, because its metadata cannot be kept: ${message}`);
    const broker = await Broker.start({ config, ...seams, engine, identities, onMetadataFailed });
    logRecovery(broker, logger);
    const control = await ControlSocket.open({
      fileSystem,
      clock,
      directory: directories[0]!,
      logger,
      serve: async ({ name }) => ({ ok: true, manifest: await broker.saveSnapshot(name) }),
    });
    return {
      ...broker.address,
      logDirectories: directories,
      nodeId: config.nodeId,
      config,
      close: async () => {
        await control?.close();
        await broker.close();
      },
    };
  } catch (error) {
    await engine.close();
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

/** Undefined while the broker can do without the directory that failed. */
function reasonToStop(engine: StorageEngine, directory: string): string | undefined {
  const [first, ...others] = engine.directories();
  if (others.length === 0) return "it was the only one";
  if (first?.directory === directory) return "it holds the metadata";
  return [first, ...others].some((one) => one?.online) ? undefined : "it was the last one";
}

function createEngine(
  config: BrokerConfig,
  given: Pick<
    Parameters<typeof DirectoriesEngine.onWorkers>[0],
    "clock" | "random" | "fileSystem" | "logger" | "directories" | "directoryIdOf" | "fileSystemModule"
  >,
): DirectoriesEngine {
  const options = {
    ...given,
    ...engineSettings(config),
    onRecoveryProgress: (progress: RecoveryProgress) => logProgress(progress, given.logger),
  };
  if (config.storageWorkers === 0) return DirectoriesEngine.local(options);
  return DirectoriesEngine.onWorkers({ ...options, workers: config.storageWorkers });
}

/** Once a second while logs are recovered; ports listen already, and what they take waits. */
function logProgress(progress: RecoveryProgress, logger: Logger): void {
  const { directory, partitionsDone, partitionsTotal, bytesChecked, bytesTotal } = progress;
  const mebibytes = (bytes: number): number => Math.round(bytes / MEBIBYTE);
  const left = bytesTotal === undefined ? {} : { mebibytesLeft: mebibytes(Math.max(0, bytesTotal - bytesChecked)) };
  logger.info(`recovering logs: ${partitionsDone} of ${partitionsTotal}`, { directory, mebibytesChecked: mebibytes(bytesChecked), ...left });
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
