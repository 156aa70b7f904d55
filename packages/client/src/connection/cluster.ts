import { Api, ErrorCode, type ApiDefinition, type MetadataResponse } from "@ottla/protocol";
import { backoffMs, sleep } from "../backoff.ts";
import {
  checkCode,
  ClosedError,
  ConnectionError,
  isRetriable,
  KafkaError,
  TimeoutError,
} from "../errors.ts";
import { formatAddress, type Address, type ConnectionSettings } from "../options.ts";
import { BrokerLink } from "./broker-link.ts";
import type { Connection, RequestBody, RequestOptions } from "./connection.ts";
import { Metadata, type TopicMetadata } from "./metadata.ts";

/**
 * Requests that a broker holds back (fetch, join) stand in the way of all behind them on the same
 * connection, so each kind has its own.
 */
export type Purpose = "main" | "fetch" | "coordinator";

/** A topic which is being created answers "unknown" at first; longer than this means it really is. */
export const UNKNOWN_TOPIC_GRACE_MS = 5_000;

export interface TopicWait {
  readonly timeoutMs: number;
  readonly allowAutoTopicCreation: boolean;
  readonly signal?: AbortSignal | undefined;
}

/** The brokers of one cluster: links to them, and what is known about topics and leaders. */
export class Cluster {
  readonly settings: ConnectionSettings;
  readonly metadata = new Metadata();
  readonly #links = new Map<string, BrokerLink>();
  readonly #closing = new AbortController();
  /** Topics that a refresh asks for. */
  readonly #tracked = new Set<string>();
  #autoCreate = false;
  #running: Promise<void> | undefined;
  #queued: Promise<void> | undefined;
  #refreshedMs = Number.NEGATIVE_INFINITY;
  #wasReached = false;
  readonly #what: string;

  constructor(settings: ConnectionSettings, what: string) {
    this.settings = settings;
    this.#what = what;
  }

  get signal(): AbortSignal {
    return this.#closing.signal;
  }

  close(): void {
    this.#closing.abort(new ClosedError(this.#what));
    for (const link of this.#links.values()) link.close();
    this.#links.clear();
  }

  /** A connection to the broker, made now if need be. */
  async connection(nodeId: number, purpose: Purpose = "main"): Promise<Connection> {
    return this.#linkTo(nodeId, purpose).connect();
  }

  /** The connection if it stands already, for callers that must not wait. */
  openConnection(nodeId: number, purpose: Purpose = "main"): Connection | undefined {
    return this.metadata.brokers.has(nodeId) ? this.#linkTo(nodeId, purpose).current : undefined;
  }

  async request<Req, Res>(
    nodeId: number,
    api: ApiDefinition<Req, Res>,
    body: RequestBody<Req>,
    options: RequestOptions & { readonly purpose?: Purpose } = {},
  ): Promise<Res> {
    const connection = await this.connection(nodeId, options.purpose);
    return connection.request(api, body, options);
  }

  /** Asks whichever broker can be reached. */
  async requestAny<Req, Res>(
    api: ApiDefinition<Req, Res>,
    body: RequestBody<Req>,
    options: RequestOptions = {},
  ): Promise<Res> {
    const connection = await this.#anyConnection();
    return connection.request(api, body, options);
  }

  async requestController<Req, Res>(
    api: ApiDefinition<Req, Res>,
    body: RequestBody<Req>,
    options: RequestOptions = {},
  ): Promise<Res> {
    if (this.metadata.brokers.size === 0) await this.refreshMetadata();
    const { controllerId, brokers } = this.metadata;
    if (brokers.has(controllerId)) return this.request(controllerId, api, body, options);
    return this.requestAny(api, body, options);
  }

  /** Keeps the topic in the cache from now on. */
  track(topics: Iterable<string>, allowAutoTopicCreation = false): void {
    for (const topic of topics) this.#tracked.add(topic);
    if (allowAutoTopicCreation) this.#autoCreate = true;
  }

  untrackAllBut(topics: Iterable<string>): void {
    this.#tracked.clear();
    this.track(topics);
  }

  get isMetadataOld(): boolean {
    return this.settings.runtime.monotonicMs() - this.#refreshedMs > this.settings.metadataMaxAgeMs;
  }

  /** Asks again for all tracked topics. Callers that come while an answer is awaited share the next one. */
  refreshMetadata(): Promise<void> {
    if (this.#running === undefined) {
      this.#running = this.#fetchMetadata().finally(() => {
        this.#running = undefined;
      });
      return this.#running;
    }
    this.#queued ??= this.#running
      .catch(() => {})
      .then(() => {
        this.#queued = undefined;
        return this.refreshMetadata();
      });
    return this.#queued;
  }

  async #fetchMetadata(): Promise<void> {
    const response = await this.fetchTopics([...this.#tracked], this.#autoCreate);
    this.#refreshedMs = this.settings.runtime.monotonicMs();
    this.#update(response);
  }

  /** One metadata request; null asks for all topics. Does not touch the cache of topics. */
  async fetchTopics(
    topics: readonly string[] | null,
    allowAutoTopicCreation: boolean,
  ): Promise<MetadataResponse> {
    const response = await this.requestAny(Api.Metadata, {
      topics: topics === null ? null : topics.map((name) => ({ name })),
      allowAutoTopicCreation,
    });
    checkCode(response.errorCode);
    return response;
  }

  #update(response: MetadataResponse): void {
    this.metadata.update(response);
    for (const [key, link] of this.#links) {
      const nodeId = Number(key.split(" ")[0]);
      const broker = this.metadata.brokers.get(nodeId);
      if (nodeId >= 0 && (broker === undefined || !sameAddress(broker, link.address))) {
        link.close();
        this.#links.delete(key);
      }
    }
  }

  /** Metadata of a topic, waiting for it to appear; an unknown topic is an error after a short grace. */
  async topic(name: string, wait: TopicWait): Promise<TopicMetadata> {
    const known = this.metadata.topic(name);
    if (known !== undefined) return known;
    this.track([name], wait.allowAutoTopicCreation);
    const { runtime, retryBackoff } = this.settings;
    const startMs = runtime.monotonicMs();
    for (let attempt = 0; ; attempt++) {
      const failure = await this.#tryTopic();
      const found = this.metadata.topic(name);
      if (found !== undefined) return found;
      const code = this.metadata.topicError(name);
      const error = code === ErrorCode.NONE ? failure : topicError(name, code);
      if (error !== undefined && !isRetriable(error)) throw this.#forgetUnknown(name, error);
      const isUnknown = code === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
      const limitMs = isUnknown ? Math.min(wait.timeoutMs, UNKNOWN_TOPIC_GRACE_MS) : wait.timeoutMs;
      const delayMs = backoffMs(retryBackoff, attempt, runtime.random());
      if (runtime.monotonicMs() - startMs + delayMs > limitMs) {
        const late = error ?? new TimeoutError(`no metadata of topic ${name} within ${limitMs} ms`);
        throw this.#forgetUnknown(name, late);
      }
      await sleep(runtime, delayMs, wait.signal ?? this.signal);
    }
  }

  async #tryTopic(): Promise<unknown> {
    try {
      await this.refreshMetadata();
      return undefined;
    } catch (error) {
      return error;
    }
  }

  #forgetUnknown<E>(name: string, error: E): E {
    this.#tracked.delete(name);
    return error;
  }

  #linkTo(nodeId: number, purpose: Purpose): BrokerLink {
    const broker = this.metadata.brokers.get(nodeId);
    if (broker === undefined) throw new ConnectionError(`broker ${nodeId} is not known`);
    return this.#link(`${nodeId} ${purpose}`, broker);
  }

  #link(key: string, address: Address): BrokerLink {
    this.#closing.signal.throwIfAborted();
    let link = this.#links.get(key);
    if (link === undefined) {
      link = new BrokerLink(address, this.settings, this.#closing.signal);
      this.#links.set(key, link);
    }
    return link;
  }

  /** Known brokers with an open connection first, then other known ones, then the bootstrap servers. */
  async #anyConnection(): Promise<Connection> {
    const { runtime, bootstrapTimeoutMs, reconnectBackoff } = this.settings;
    const endMs = runtime.monotonicMs() + bootstrapTimeoutMs;
    for (let attempt = 0; ; attempt++) {
      let failure: unknown;
      for (const link of this.#candidates()) {
        try {
          const connection = await link.connect();
          this.#wasReached = true;
          return connection;
        } catch (error) {
          this.#closing.signal.throwIfAborted();
          failure = error;
        }
      }
      if (this.#wasReached || !isRetriable(failure)) throw failure;
      const delayMs = backoffMs(reconnectBackoff, attempt, runtime.random());
      if (runtime.monotonicMs() + delayMs > endMs) throw this.#unreachable(failure);
      await sleep(runtime, delayMs, this.#closing.signal);
    }
  }

  #candidates(): BrokerLink[] {
    const known = [...this.metadata.brokers.values()]
      .map((broker) => this.#link(`${broker.nodeId} main`, broker))
      .sort((one, other) => Number(other.isOpen) - Number(one.isOpen) || one.load - other.load);
    const bootstrap = this.settings.bootstrapServers.map((address, index) =>
      this.#link(`-${index + 1} main`, address),
    );
    return [...known, ...bootstrap];
  }

  #unreachable(failure: unknown): ConnectionError {
    const servers = this.settings.bootstrapServers.map(formatAddress);
    const reason = failure instanceof Error ? failure.message : String(failure);
    const message =
      servers.length === 1 ? reason : `none of ${servers.join(", ")} can be reached: ${reason}`;
    return new ConnectionError(message, { cause: failure, retriable: false });
  }
}

function topicError(name: string, code: number): KafkaError {
  const isUnknown = code === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
  return new KafkaError(
    code,
    isUnknown ? `topic ${name} does not exist` : `topic ${name}: ${new KafkaError(code).message}`,
  );
}

function sameAddress(one: Address, other: Address): boolean {
  return one.host === other.host && one.port === other.port;
}
