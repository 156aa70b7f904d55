import type { Clock, FileSystem, LogFields, Logger } from "@ottla/runtime";
import { MemoryFileSystem, SimulatedClock } from "@ottla/testkit";
import { expect, test } from "vitest";
import type { PartitionRecovery } from "../engine/storage-engine.ts";
import { loadLog, type LoadLogOptions } from "../recovery/log-loader.ts";
import { defaultLogConfig, type LogConfig } from "./log-config.ts";
import type { Log, StageOutcome } from "./log.ts";

export const LOG_DIRECTORY = "/data/topic-0";
export const TOPIC_ID = "AAAAAAAAAAAAAAAAAAAAAQ";

export interface LoggedLine {
  readonly message: string;
  readonly fields: LogFields | undefined;
}

export interface HarnessOptions {
  readonly fileSystem?: FileSystem;
  readonly clock?: Clock;
  readonly config?: Partial<LogConfig>;
  readonly load?: Partial<LoadLogOptions>;
}

/** One log on a memory file system, and the load options of its next start. */
export class LogHarness {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly lines: LoggedLine[] = [];
  readonly leaderEpoch = 3;
  config: LogConfig;
  recovery: PartitionRecovery;
  #log: Log | undefined;

  constructor(options: HarnessOptions = {}) {
    this.fileSystem = options.fileSystem ?? new MemoryFileSystem();
    this.clock = options.clock ?? new SimulatedClock();
    this.config = { ...defaultLogConfig, ...options.config };
    this.fileSystem.makeDirectorySync("/data");
    this.fileSystem.syncDirectoryNow("/");
    this.recovery = this.#load(options.load ?? {});
  }

  get log(): Log {
    if (!this.#log) throw new Error(`offline: ${this.recovery.offlineReason}`);
    return this.#log;
  }

  #load(load: Partial<LoadLogOptions>): PartitionRecovery {
    const record = (message: string, fields?: LogFields): void =>
      void this.lines.push({ message, fields });
    const logger: Logger = { debug: record, info: record, warn: record, error: record };
    const { log, recovery } = loadLog({
      fileSystem: this.fileSystem,
      clock: this.clock,
      logger,
      directory: LOG_DIRECTORY,
      topicPartition: { topic: "topic", partition: 0 },
      topicId: TOPIC_ID,
      config: this.config,
      cleanShutdown: false,
      recoveryPoint: 0,
      ...load,
    });
    this.#log = log;
    return recovery;
  }

  /** Loads the log again, as after a kill. */
  reopen(load: Partial<LoadLogOptions> = {}): Log {
    this.#log?.abandon();
    this.recovery = this.#load(load);
    return this.log;
  }

  /** A clean stop and start. */
  restart(): Log {
    this.log.closeSync();
    return this.reopen({
      cleanShutdown: true,
      recoveryPoint: this.log.recoveryPoint,
      logStartOffset: this.log.logStartOffset,
    });
  }

  append(batch: Uint8Array): StageOutcome {
    const outcome = this.log.stage(batch, { leaderEpoch: this.leaderEpoch, origin: "client" });
    this.log.writeStaged();
    return outcome;
  }

  async readAll(chunkBytes = 1 << 14): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let startOffset = this.log.logStartOffset;
    while (startOffset < this.log.logEndOffset) {
      const target = new Uint8Array(chunkBytes);
      const outcome = await this.log.readInto(
        {
          startOffset,
          limitOffset: this.log.logEndOffset,
          maxBytes: chunkBytes,
          minOneBatch: true,
        },
        target,
      );
      if (!outcome.ok || outcome.sizeBytes === 0)
        throw new Error(`read at ${startOffset}: ${JSON.stringify(outcome)}`);
      parts.push(target.subarray(0, outcome.sizeBytes));
      startOffset = outcome.nextOffset;
    }
    return new Uint8Array(Buffer.concat(parts));
  }

  fileNames(): string[] {
    return this.fileSystem.listSync(LOG_DIRECTORY);
  }
}

test("a fresh log is empty and synced", () => {
  const harness = new LogHarness();
  expect(harness.log.logEndOffset).toBe(0);
  expect(harness.log.hasUnsynced).toBe(false);
  expect(harness.fileNames()).toEqual(["00000000000000000000.log", "partition.metadata"]);
});
