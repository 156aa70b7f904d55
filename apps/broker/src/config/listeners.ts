import { ConfigError } from "./config-error.ts";

export interface ListenerConfig {
  /** Upper case, as Kafka normalises it. */
  readonly name: string;
  /** Empty: all interfaces. IPv6 addresses without brackets. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** What clients are told; undefined: the address that each client used. */
  readonly advertised: Endpoint | undefined;
}

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export interface ListenerSettings {
  readonly listeners: string;
  readonly advertisedListeners: string | null;
  readonly protocolMap: string;
  /** Listeners between controllers, which a stock server.properties names and we do not need. */
  readonly controllerListenerNames: readonly string[];
}

const ENTRY = /^([A-Za-z0-9_]+):\/\/(?:\[([0-9A-Fa-f:.%\w]+)\]|([0-9A-Za-z\-._%]*)):(\d{1,5})$/;
const MAX_PORT = 65_535;
const SERVED_PROTOCOL = "PLAINTEXT";
const PROTOCOLS = new Set(["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]);
const WILDCARD_HOSTS = new Set(["0.0.0.0", "::", "0:0:0:0:0:0:0:0"]);

export function parseListeners(settings: ListenerSettings): ListenerConfig[] {
  const controllers = new Set(settings.controllerListenerNames.map((name) => name.toUpperCase()));
  const protocols = parseProtocolMap(settings.protocolMap);
  const bound = parseEntries("listeners", settings.listeners).filter(
    ({ name }) => !controllers.has(name),
  );
  if (bound.length === 0) {
    throw new ConfigError(
      "listeners names no listener for clients; write listeners=PLAINTEXT://127.0.0.1:9092",
    );
  }
  const advertised = new Map<string, Endpoint>();
  for (const { name, host, port } of parseEntries(
    "advertised.listeners",
    settings.advertisedListeners ?? "",
  )) {
    if (controllers.has(name)) continue;
    checkAdvertised(name, host, bound);
    advertised.set(name, { host, port });
  }
  for (const { name } of bound) checkProtocol(name, protocols.get(name));
  checkDistinctPorts(bound);
  return bound.map((entry) => ({ ...entry, advertised: advertised.get(entry.name) }));
}

interface Entry extends Endpoint {
  readonly name: string;
}

function parseEntries(setting: string, text: string): Entry[] {
  const entries: Entry[] = [];
  for (const part of text.split(",").map((item) => item.trim())) {
    if (part === "") continue;
    const match = ENTRY.exec(part);
    const port = Number(match?.[4]);
    if (!match || port > MAX_PORT) {
      throw new ConfigError(
        `${setting}: ${JSON.stringify(part)} is not an address; write it as PLAINTEXT://host:9092`,
      );
    }
    const name = (match[1] ?? "").toUpperCase();
    if (entries.some((entry) => entry.name === name)) {
      throw new ConfigError(
        `${setting}: listener ${name} is named twice; give each its own name and map it in listener.security.protocol.map`,
      );
    }
    entries.push({ name, host: match[2] ?? match[3] ?? "", port });
  }
  return entries;
}

function parseProtocolMap(text: string): Map<string, string> {
  const map = new Map<string, string>();
  for (const pair of text.split(",").map((item) => item.trim())) {
    if (pair === "") continue;
    const [name = "", protocol = "", ...rest] = pair.split(":");
    const normalised = protocol.trim().toUpperCase();
    if (name.trim() === "" || rest.length > 0 || !PROTOCOLS.has(normalised)) {
      throw new ConfigError(
        `listener.security.protocol.map: ${JSON.stringify(pair)} is not NAME:PROTOCOL with a protocol of ${[...PROTOCOLS].join(", ")}`,
      );
    }
    map.set(name.trim().toUpperCase(), normalised);
  }
  return map;
}

function checkProtocol(name: string, protocol: string | undefined): void {
  if (protocol === undefined) {
    throw new ConfigError(
      `listener ${name} has no security protocol; add ${name}:PLAINTEXT to listener.security.protocol.map`,
    );
  }
  if (protocol !== SERVED_PROTOCOL) {
    throw new ConfigError(
      `listener ${name} asks for ${protocol}, this release serves PLAINTEXT only; remove the listener, or put a TLS proxy before a PLAINTEXT one`,
    );
  }
}

function checkAdvertised(name: string, host: string, bound: readonly Entry[]): void {
  if (!bound.some((entry) => entry.name === name)) {
    throw new ConfigError(
      `advertised.listeners names ${name}, which listeners does not; name one of ${bound.map((entry) => entry.name).join(", ")}`,
    );
  }
  if (host === "" || WILDCARD_HOSTS.has(host)) {
    throw new ConfigError(
      `advertised.listeners: ${name} needs a host that clients can connect to, not ${JSON.stringify(host)}; name it, or leave advertised.listeners out`,
    );
  }
}

function checkDistinctPorts(bound: readonly Entry[]): void {
  const taken = new Set<string>();
  for (const { name, host, port } of bound) {
    const address = `${host}:${port}`;
    if (port !== 0 && taken.has(address)) {
      throw new ConfigError(
        `listeners: ${name} uses port ${port} a second time; give each listener its own`,
      );
    }
    taken.add(address);
  }
}
