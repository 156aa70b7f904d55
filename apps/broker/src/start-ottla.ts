import { MemoryFileSystem, NodeFileSystem, SystemClock, SystemRandom, silentLogger, type Clock, type FileSystem, type Logger, type Random } from "@ottla/runtime";
import { DirectoriesEngine } from "@ottla/storage";
import { Broker } from "./broker.ts";
import { loadBrokerConfig } from "./config/broker-config.ts";
import { engineSettings } from "./config/engine-settings.ts";
import { DirectoryIdentities } from "./directory-identities.ts";

export interface StartOttlaOptions {
  /** Keeps the data there, fsynced by default. Without it everything lives in memory and goes with the process. */
  readonly directory?: string;
  /** Port of the listener on loopback; 0, the default, takes a free one. */
  readonly port?: number;
  /** Kafka's settings by their own names, for example `{ "num.partitions": 3 }`. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>;
  /** Silent unless given. */
  readonly logger?: Logger;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Another disk, such as a simulated one; takes the place of both memory and the machine's own. */
  readonly fileSystem?: FileSystem;
}

/** A running broker in this process. `await using` closes it. */
export interface Ottla extends AsyncDisposable {
  /** `host:port` for any Kafka client. */
  readonly bootstrapServers: string;
  readonly host: string;
  readonly port: number;
  /** The composed broker, for tests that look inside. */
  readonly broker: Broker;
  /** Finishes requests under way, flushes, and gives the directory back. Idempotent. */
  close(): Promise<void>;
}

/** Where the simulated root of an in-memory broker lies. */
const MEMORY_DIRECTORY = "/ottla";

/** Nobody waits for members that have not been started yet: rebalances begin at once. */
const EMBEDDED_SETTINGS: Readonly<Record<string, string>> = {
  "group.initial.rebalance.delay.ms": "0",
  "offsets.topic.num.partitions": "8",
};

/**
 * Starts the production broker inside this process, on a real port. Rejects with ConfigError,
 * StorageError or Node's listen error, each with a one-line message.
 */
export async function startOttla(options: StartOttlaOptions = {}): Promise<Ottla> {
  const { clock = new SystemClock(), random = new SystemRandom(), logger = silentLogger } = options;
  const inMemory = options.directory === undefined && options.fileSystem === undefined;
  const directory = options.directory ?? MEMORY_DIRECTORY;
  const fileSystem = options.fileSystem ?? (inMemory ? new MemoryFileSystem(() => clock.nowMs()) : new NodeFileSystem());
  const given = Object.entries({
    ...EMBEDDED_SETTINGS,
    listeners: `PLAINTEXT://127.0.0.1:${options.port ?? 0}`,
    "log.dirs": directory,
    ...options.settings,
  });
  const config = loadBrokerConfig({ overrides: given.map(([name, value]) => `${name}=${value}`) }, { processors: 1 });
  const directories = config.logDirectories;
  const identities = new DirectoryIdentities({ fileSystem, random, directories });
  const engine = DirectoriesEngine.local({
    directories,
    directoryIdOf: (one) => identities.idOf(one),
    fileSystem,
    clock,
    random,
    logger,
    ...engineSettings(config),
  });
  const broker = await Broker.start({ config, clock, random, fileSystem, logger, engine, identities });
  const { host, port } = broker.address;
  const close = (): Promise<void> => broker.close();
  return { bootstrapServers: `${host}:${port}`, host, port, broker, close, [Symbol.asyncDispose]: close };
}
