import type { BackoffOptions } from "./backoff.ts";
import { systemRuntime, type ClientRuntime } from "./client-runtime.ts";
import { silentLogger, type ClientLogger } from "./logger.ts";

/** How to find and talk to a cluster; producer, consumer and admin take the same. */
export interface ConnectionOptions {
  /** `host:port`, several of them in a list or with commas between. */
  readonly bootstrapServers: string | readonly string[];
  /** Shown in the broker's logs and metrics. */
  readonly clientId?: string;
  readonly logger?: ClientLogger;
  readonly requestTimeoutMs?: number;
  readonly connectTimeoutMs?: number;
  /** How long to look for a first reachable bootstrap server before giving up. */
  readonly bootstrapTimeoutMs?: number;
  readonly retryBackoffMs?: number;
  readonly retryBackoffMaxMs?: number;
  readonly reconnectBackoffMs?: number;
  readonly reconnectBackoffMaxMs?: number;
  /** After this time metadata is asked for anew even without an error. */
  readonly metadataMaxAgeMs?: number;
  /** Requests on one connection that may wait for their answers; more wait in the client. */
  readonly maxInFlightRequestsPerConnection?: number;
  /** A larger answer is taken for damage and ends the connection. */
  readonly maxResponseBytes?: number;
  /** Only tests need another one. */
  readonly runtime?: ClientRuntime;
}

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** The same with every default filled in. */
export interface ConnectionSettings {
  readonly bootstrapServers: readonly Address[];
  readonly clientId: string;
  readonly logger: ClientLogger;
  readonly requestTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly bootstrapTimeoutMs: number;
  readonly retryBackoff: BackoffOptions;
  readonly reconnectBackoff: BackoffOptions;
  readonly metadataMaxAgeMs: number;
  readonly maxInFlight: number;
  readonly maxResponseBytes: number;
  readonly runtime: ClientRuntime;
}

const DEFAULT_PORT = 9092;
const MAX_PORT = 65_535;

export function resolveConnectionOptions(options: ConnectionOptions): ConnectionSettings {
  return {
    bootstrapServers: parseBootstrapServers(options.bootstrapServers),
    clientId: options.clientId ?? "ottla-client",
    logger: options.logger ?? silentLogger,
    requestTimeoutMs: options.requestTimeoutMs ?? 30_000,
    connectTimeoutMs: options.connectTimeoutMs ?? 10_000,
    bootstrapTimeoutMs: options.bootstrapTimeoutMs ?? 5_000,
    retryBackoff: {
      initialMs: options.retryBackoffMs ?? 100,
      maxMs: options.retryBackoffMaxMs ?? 1_000,
    },
    reconnectBackoff: {
      initialMs: options.reconnectBackoffMs ?? 50,
      maxMs: options.reconnectBackoffMaxMs ?? 1_000,
    },
    metadataMaxAgeMs: options.metadataMaxAgeMs ?? 300_000,
    maxInFlight: options.maxInFlightRequestsPerConnection ?? 5,
    maxResponseBytes: options.maxResponseBytes ?? 256 * 1024 * 1024,
    runtime: options.runtime ?? systemRuntime,
  };
}

export function parseBootstrapServers(servers: string | readonly string[]): Address[] {
  const list = (typeof servers === "string" ? servers.split(",") : servers)
    .map((server) => server.trim())
    .filter((server) => server !== "");
  if (list.length === 0) throw new TypeError("bootstrapServers is empty: give host:port");
  return list.map(parseAddress);
}

/** `host`, `host:port`, `[v6]:port`; a listener name in front, as in Kafka's settings, is allowed. */
function parseAddress(text: string): Address {
  const match = /^(?:[A-Za-z_0-9]+:\/\/)?(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = match?.[3] === undefined ? DEFAULT_PORT : Number(match[3]);
  if (host === undefined || port < 1 || port > MAX_PORT) {
    throw new TypeError(`"${text}" is not a bootstrap server: give host:port`);
  }
  return { host, port };
}

export function formatAddress({ host, port }: Address): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
