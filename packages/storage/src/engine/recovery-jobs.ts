import { StorageError } from "../log/storage-error.ts";
import { SystemClock, type Logger, type WorkerPool } from "@ottla/runtime";
import { measureRecovery } from "../recovery/measure-recovery.ts";
import {
  recoverPartition,
  type RecoveredPartition,
  type RecoverPartition,
} from "../recovery/recover-partition.ts";
import { RecoveryCounters, type RecoveryProgress } from "../recovery/recovery-progress.ts";
import { createWorkerFileSystem, type FileSystemModule } from "./worker-task.ts";

/** Small enough that the threads end together, large enough that a message costs nothing beside the work. */
const PARTITIONS_PER_JOB_MAX = 128;
const JOBS_PER_THREAD = 8;
/** Logs that one job syncs at a time: their syncs join in the journal of the file system. */
const SYNCS_AT_ONCE = 32;

interface JobDirectory {
  readonly directory: string;
  readonly fileSystemModule?: FileSystemModule;
}

export interface RecoverJob extends JobDirectory {
  readonly requests: readonly RecoverPartition[];
  readonly counters: SharedArrayBuffer;
}

export interface MeasureJob extends JobDirectory {
  readonly requests: readonly RecoverPartition[];
}

interface LogLine {
  readonly level: keyof Logger;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface RecoverJobResult {
  readonly recovered: readonly RecoveredPartition[];
  readonly lines: readonly LogLine[];
  /** The disk failed; what was recovered before does not count. Errors lose their class between threads. */
  readonly failure?: { readonly message: string; readonly fatal: boolean };
}

/** In a background thread. */
export async function recoverPartitionsNow(job: RecoverJob): Promise<RecoverJobResult> {
  const lines: LogLine[] = [];
  const recovered: RecoveredPartition[] = [];
  const counters = new RecoveryCounters(job.counters);
  const seams = {
    fileSystem: await createWorkerFileSystem(job.fileSystemModule),
    clock: new SystemClock(),
    logger: loggerInto(lines),
    directory: job.directory,
    onBytesChecked: (bytes: number) => counters.addBytes(bytes),
  };
  try {
    for (let first = 0; first < job.requests.length; first += SYNCS_AT_ONCE) {
      const some = job.requests.slice(first, first + SYNCS_AT_ONCE).map(async (request) => {
        const one = await recoverPartition(request, seams);
        counters.partitionDone();
        return one;
      });
      recovered.push(...(await settled(some)));
    }
    return { recovered, lines };
  } catch (error) {
    const fatal = error instanceof StorageError ? error.fatal : true;
    const message = error instanceof Error ? error.message : String(error);
    return { recovered: [], lines, failure: { message, fatal } };
  }
}

export async function measureRecoveryNow({
  directory,
  requests,
  fileSystemModule,
}: MeasureJob): Promise<number> {
  return measureRecovery(await createWorkerFileSystem(fileSystemModule), directory, requests);
}

/** Waits for all, so that nothing works on in a thread whose job is answered. */
async function settled<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const results = await Promise.allSettled(promises);
  return results.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
}

function loggerInto(lines: LogLine[]): Logger {
  const at =
    (level: keyof Logger) =>
    (message: string, fields: Readonly<Record<string, unknown>> = {}): void =>
      void lines.push({ level, message, fields });
  return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

export interface BackgroundRecoveryOptions extends JobDirectory {
  readonly pool: WorkerPool;
  readonly threads: number;
  readonly logger: Logger;
}

/** The engine's side: spreads partitions over recovery threads. Answers in the order asked. Rejects with StorageError. */
export class BackgroundRecovery {
  readonly #options: BackgroundRecoveryOptions;
  readonly #counters = new RecoveryCounters();
  #partitionsTotal = 0;
  #bytesTotal: number | undefined;

  constructor(options: BackgroundRecoveryOptions) {
    this.#options = options;
  }

  get progress(): RecoveryProgress {
    return {
      directory: this.#options.directory,
      partitionsDone: this.#counters.partitionsDone,
      partitionsTotal: this.#partitionsTotal,
      bytesChecked: this.#counters.bytesChecked,
      bytesTotal: this.#bytesTotal,
    };
  }

  async run(requests: readonly RecoverPartition[]): Promise<RecoveredPartition[]> {
    this.#partitionsTotal = requests.length;
    const measured = this.#measure(requests);
    const { threads } = this.#options;
    const size = Math.ceil(requests.length / (threads * JOBS_PER_THREAD));
    const perJob = Math.min(PARTITIONS_PER_JOB_MAX, Math.max(1, size));
    const jobs: Promise<readonly RecoveredPartition[]>[] = [];
    for (let first = 0; first < requests.length; first += perJob)
      jobs.push(this.#runJob(requests.slice(first, first + perJob)));
    const [recovered] = await Promise.all([settled(jobs), measured]);
    return recovered.flat();
  }

  async #measure(requests: readonly RecoverPartition[]): Promise<void> {
    const job: MeasureJob = { ...this.#job(), requests: requests.map(withoutStamp) };
    try {
      this.#bytesTotal = (await this.#options.pool.run("measureRecovery", job)) as number;
    } catch (error) {
      // The figure is for whoever watches; recovery itself meets the same disk and says what is wrong.
      this.#options.logger.warn("the log to be recovered could not be measured", {
        directory: this.#options.directory,
        error: String(error),
      });
    }
  }

  async #runJob(requests: readonly RecoverPartition[]): Promise<readonly RecoveredPartition[]> {
    const { pool, logger } = this.#options;
    const job: RecoverJob = { ...this.#job(), requests, counters: this.#counters.memory };
    const result = (await pool.run("recoverPartitions", job)) as RecoverJobResult;
    for (const { level, message, fields } of result.lines) logger[level](message, fields);
    if (result.failure !== undefined)
      throw new StorageError(result.failure.message, { fatal: result.failure.fatal });
    return result.recovered;
  }

  #job(): JobDirectory {
    const { directory, fileSystemModule } = this.#options;
    return fileSystemModule === undefined ? { directory } : { directory, fileSystemModule };
  }
}

/** Only names and offsets are needed to measure. */
function withoutStamp(request: RecoverPartition): RecoverPartition {
  const { topic, partition, config, cleanShutdown, recoveryPoint, logStartOffset } = request;
  return { topic, partition, config, cleanShutdown, recoveryPoint, logStartOffset };
}
