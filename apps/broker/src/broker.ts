import { join } from "node:path";
import { Controller, EmbeddedStore, GroupCoordinator, OFFSETS_TOPIC } from "@ottla/coordinator";
import type { Clock, FileSystem, Logger, Random } from "@ottla/runtime";
import type { RecoveryReport, SnapshotManifest, StorageEngine } from "@ottla/storage";
import type { BrokerConfig } from "./config/broker-config.ts";
import type { BrokerServices } from "./broker-services.ts";
import { METADATA_DIRECTORY, type DirectoryIdentities } from "./directory-identities.ts";
import { groupConfigOf, topicsViewOf } from "./coordination.ts";
import { FetchSessionCache } from "./handlers/fetch/fetch-session-cache.ts";
import { FetchWaiters } from "./handlers/fetch/fetch-waiters.ts";
import { handlers } from "./handlers.ts";
import { ListenerAddresses, type BrokerAddress } from "./network/listener-addresses.ts";
import { Listener } from "./network/listener.ts";
import { ReceiveBudget } from "./network/receive-budget.ts";
import { ReceiveMemory } from "./network/receive-memory.ts";
import { InternalTopicIo } from "./partition/internal-topic-io.ts";
import { PartitionRegistry } from "./partition/partition-registry.ts";
import { Router } from "./request/router.ts";
import { ServingGate } from "./request/serving-gate.ts";

/** Requests under way get this long to finish when the broker stops. */
const DRAIN_MS = 5_000;

/** The seams, and the parts that differ between a server, a process that embeds us, and the simulation. */
export interface BrokerParts {
  readonly config: BrokerConfig;
  readonly clock: Clock;
  readonly random: Random;
  readonly fileSystem: FileSystem;
  readonly logger: Logger;
  readonly engine: StorageEngine;
  /** Of the engine's log directories. */
  readonly identities: DirectoryIdentities;
  /** Called once when the metadata can no longer be written; without it the broker goes on, its metadata read-only. */
  readonly onMetadataFailed?: (cause: Error) => void;
}

/** The composition root: the one place where the parts of a broker meet. */
export class Broker {
  readonly recovery: RecoveryReport;
  readonly #parts: BrokerParts;
  readonly #services: BrokerServices;
  readonly #store: EmbeddedStore;
  readonly #listeners: readonly Listener[];
  #closing: Promise<void> | undefined;

  private constructor(options: {
    parts: BrokerParts;
    recovery: RecoveryReport;
    services: BrokerServices;
    store: EmbeddedStore;
    listeners: readonly Listener[];
  }) {
    this.#parts = options.parts;
    this.recovery = options.recovery;
    this.#services = options.services;
    this.#store = options.store;
    this.#listeners = options.listeners;
  }

  /** Recovers the data directory and serves. Rejects with one clear reason; nothing keeps running then. */
  static async start(parts: BrokerParts): Promise<Broker> {
    const undo: (() => Promise<void>)[] = [];
    try {
      return await Broker.#assemble(parts, undo);
    } catch (error) {
      for (const step of undo.reverse()) await step();
      throw error;
    }
  }

  static async #assemble(parts: BrokerParts, undo: (() => Promise<void>)[]): Promise<Broker> {
    const { config, engine, fileSystem, identities, logger, random } = parts;
    const knownClusterId = identities.check(config.nodeId);
    // Ports come first: a port that is taken must leave the data directory as it was.
    const gate = new ServingGate();
    const listeners = createListeners(parts, gate);
    for (const listener of listeners) {
      await listener.listen();
      undo.push(() => listener.close(0));
    }
    const recovery = await engine.open();
    undo.push(() => engine.close());
    const online = engine.directories().filter((one) => one.online).map(({ directory }) => directory);
    const directory = join(online[0]!, METADATA_DIRECTORY);
    const store = await EmbeddedStore.open({ fileSystem, directory, logger, onFailed: parts.onMetadataFailed });
    undo.push(() => store.close());
    const controller = await Controller.open({
      store,
      rules: config.topicRules,
      random,
      logger,
      ...(knownClusterId && { clusterId: knownClusterId }),
    });
    identities.write({ clusterId: controller.image.clusterId, nodeId: config.nodeId }, online);
    const services = createServices(parts, controller);
    controller.onImage(services.partitions.listener);
    await services.partitions.start(controller.image);
    await controller.registerBroker({
      brokerId: config.nodeId,
      rack: config.rack,
      endpoints: listeners.map((listener) => endpointOf(listener, config)),
    });
    await services.partitions.settled();
    gate.open(new Router(handlers, services));
    return new Broker({ parts, recovery, services, store, listeners });
  }

  /** Where the first listener can be reached from this machine. */
  get address(): BrokerAddress {
    const listener = this.#listeners[0]!;
    return { host: listener.host || "127.0.0.1", port: listener.port };
  }

  get config(): BrokerConfig {
    return this.#parts.config;
  }

  get services(): BrokerServices {
    return this.#services;
  }

  /** Everything at one moment, as `ottla.snapshots/<name>` in each log directory. Rejects with StorageError. */
  saveSnapshot(name: string): Promise<SnapshotManifest> {
    const { engine, clock } = this.#parts;
    return engine.saveSnapshot({
      name,
      createdMs: clock.nowMs(),
      whileHeld: (target) => this.#store.exportTo(join(target, METADATA_DIRECTORY)),
    });
  }

  /** Lets requests under way finish, flushes, and gives the data directory back. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    // Waiting members and fetches are answered first, so that draining need not wait for them.
    const drained = Promise.all(this.#listeners.map((listener) => listener.close(DRAIN_MS)));
    await this.#services.groups.shutdown();
    this.#services.delayedFetches.stop();
    await drained;
    this.#services.controller.close();
    await this.#store.close();
    await this.#parts.engine.close();
  }
}

function createServices(parts: BrokerParts, controller: Controller): BrokerServices {
  const { config, clock, random, logger, engine } = parts;
  const delayedFetches = new FetchWaiters(clock);
  const partitions: PartitionRegistry = new PartitionRegistry({
    engine,
    brokerId: config.nodeId,
    logger,
    effectiveConfig: (overrides) => config.effectiveTopicConfig(overrides),
    onAdvance: (partition) => delayedFetches.advanced(partition),
    onLeadership: (topic, partition, leads) => {
      if (topic !== OFFSETS_TOPIC) return;
      if (leads) void groups.onElection(partition, io);
      else groups.onResignation(partition);
    },
  });
  const io = new InternalTopicIo({ registry: partitions, slabs: engine.slabs, clock });
  const groups: GroupCoordinator = new GroupCoordinator({
    clock,
    random,
    logger,
    config: groupConfigOf(config),
    writer: io,
    topicsView: topicsViewOf(controller),
  });
  controller.onImage((_image, delta) => {
    if (delta.deletedTopics.length > 0) groups.onTopicsDeleted(delta.deletedTopics.map((topic) => topic.name));
  });
  return {
    config,
    clock,
    random,
    logger,
    engine,
    controller,
    partitions,
    groups,
    fetchSessions: new FetchSessionCache({ maxSlots: config.fetchSessionSlots, clock, random }),
    delayedFetches,
    addresses: new ListenerAddresses(
      new Map(config.listeners.flatMap(({ name, advertised }) => (advertised ? [[name, advertised] as const] : []))),
    ),
  };
}

function createListeners(parts: BrokerParts, gate: ServingGate): Listener[] {
  const { config, clock, logger, engine } = parts;
  const budget = new ReceiveBudget(config.receiveMemoryBytes);
  const receiveMemory = new ReceiveMemory();
  return config.listeners.map(
    ({ name, host, port }) =>
      new Listener({
        name,
        host,
        port,
        slabs: engine.slabs,
        budget,
        receiveMemory,
        clock,
        logger,
        maxFrameBytes: config.maxFrameBytes,
        maxConnections: config.maxConnections,
        maxConnectionsPerIp: config.maxConnectionsPerIp,
        maxIdleMs: config.maxIdleMs,
        serve: (frame, connection) => gate.serve(frame, connection),
      }),
  );
}

function endpointOf(listener: Listener, config: BrokerConfig) {
  const advertised = config.listeners.find(({ name }) => name === listener.name)?.advertised;
  return {
    listenerName: listener.name,
    host: advertised?.host ?? (listener.host || "127.0.0.1"),
    port: advertised?.port || listener.port,
  };
}
