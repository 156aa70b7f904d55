import { ErrorCode } from "@ottla/protocol";
import { silentLogger } from "@ottla/runtime";
import { SeededRandom, SimulatedClock } from "@ottla/testkit";
import {
  LocalEngine,
  type AppendOutcome,
  type FlushPolicy,
  type PartitionLog,
  type RecoveryReport,
} from "../../src/index.ts";
import { compareWhole, probe } from "./check.ts";
import { SimulatedDisk, turn } from "./disk.ts";
import { lastOffsetOf, PartitionModel, Violation, type Pending } from "./model.ts";
import { COMPACTED_SHARE, randomConfig, Workload } from "./workload.ts";

const DIRECTORY = "/data";
const MEBIBYTE = 1024 * 1024;
/** More turns of the event loop than anything takes; what is not answered by then never will be. */
const TURNS_MAX = 5_000;
/** Turns in which nothing waits for the disk any more. */
const QUIET_TURNS = 3;

export type Statistic =
  | "acknowledged"
  | "duplicates"
  | "refused"
  | "storageErrors"
  | "powerLosses"
  | "kills"
  | "cleanStops"
  | "offline"
  | "truncatedTails"
  | "rebuiltIndexes"
  | "adopted"
  | "expired"
  | "deletedPartitions"
  | "aborted"
  | "cuts"
  | "cleaned"
  | "faults"
  | "crashesInRecovery"
  | "checks";

/** One engine on one fake disk, the models of its partitions, and what is known of its failures. */
export class World {
  readonly random: SeededRandom;
  readonly disk: SimulatedDisk;
  readonly models: readonly PartitionModel[];
  readonly workload: Workload;
  readonly statistics = new Map<Statistic, number>();
  /** What happened, for whoever replays the seed. */
  readonly story: string[] = [];
  clock = new SimulatedClock();
  engine: LocalEngine;
  leaderEpoch = 0;
  /** A call of the disk was made to fail: answers are no longer foreseen to the letter. */
  faulted = false;
  offline = false;
  readonly #flush: FlushPolicy;
  #ticks = 0;
  #unanswered = 0;
  /** False once an acknowledgement would come after the directory went offline. */
  #mayAnswer = true;
  #violation: Violation | undefined;

  constructor(seed: number, flush: FlushPolicy) {
    this.random = new SeededRandom(seed);
    this.#flush = flush;
    this.disk = new SimulatedDisk(this.random.fork(), () => this.clock.nowMs() + this.#nextTick());
    this.workload = new Workload(this.random.fork());
    const partitions = 1 + this.random.nextInt(3);
    this.models = Array.from(
      { length: partitions },
      (_, partition) => new PartitionModel("t", partition, randomConfig(this.random, COMPACTED_SHARE > 0 && this.random.chance(COMPACTED_SHARE))),
    );
    this.engine = this.#createEngine();
  }

  /** File systems stamp changes finer than in milliseconds. */
  #nextTick(): number {
    this.#ticks += 1;
    return (this.#ticks % 1000) / 1000;
  }

  get dead(): boolean {
    return this.disk.fileSystem.faults.dead;
  }

  count(statistic: Statistic, by = 1): void {
    this.statistics.set(statistic, (this.statistics.get(statistic) ?? 0) + by);
  }

  tell(sentence: string): void {
    this.story.push(sentence);
  }

  log(model: PartitionModel): PartitionLog | undefined {
    return this.engine.partition(model.topic, model.partition);
  }

  #createEngine(): LocalEngine {
    const engine = new LocalEngine({
      directory: DIRECTORY,
      fileSystem: this.disk.fileSystem,
      clock: this.clock,
      random: this.random.fork(),
      logger: silentLogger,
      flush: this.#flush,
      slabBudgetBytes: 2 * MEBIBYTE,
      tailBudgetBytes: this.random.pick([0, 2000, MEBIBYTE]),
      readBudgetBytes: 2 * MEBIBYTE,
      retentionIntervalMs: 30_000,
      checkpointIntervalMs: 10_000,
      maxParallelSyncs: 1 + this.random.nextInt(4),
    });
    engine.onDirectoryOffline = () => {
      if (engine !== this.engine || this.dead) return;
      this.offline = true;
      this.count("offline");
      // Answers that were given before it reach their callers within this turn.
      void turn().then(() => (this.#mayAnswer = this.#mayAnswer && engine !== this.engine));
    };
    return engine;
  }

  /** A new process on what the old one left. */
  async restartEngine(): Promise<RecoveryReport> {
    this.clock = new SimulatedClock(this.clock.nowMs() + 1000);
    this.engine = this.#createEngine();
    this.offline = false;
    this.#mayAnswer = true;
    this.leaderEpoch += 1;
    return this.settle(this.engine.open());
  }

  /** Waits for a call of the engine while the disk finishes its syncs in any order. Rejects when the process died. */
  async settle<T>(call: Promise<T>): Promise<T> {
    let state: "waiting" | "done" = "waiting";
    const done = (): void => void (state = "done");
    call.then(done, done);
    for (let turns = 0; (state as string) === "waiting"; turns++) {
      if (turns > TURNS_MAX) throw new Violation("a call of the engine never returns");
      this.disk.releaseSync();
      await turn();
    }
    return call;
  }

  /** Until every append is answered and the disk is idle. */
  async settleAll(): Promise<void> {
    let quiet = 0;
    for (let turns = 0; quiet < QUIET_TURNS && !this.dead; turns++) {
      if (turns > TURNS_MAX) throw new Violation(`${this.#unanswered} appends are never answered`);
      const released = this.disk.releaseSync();
      await turn();
      quiet = this.#unanswered > 0 || released ? 0 : quiet + 1;
    }
    this.throwIfViolated();
  }

  throwIfViolated(): void {
    if (this.#violation) throw this.#violation;
  }

  /** Sends one batch; its answer is judged when it comes. */
  send(model: PartitionModel): void {
    const log = this.log(model);
    if (log === undefined || model.existence !== "present") return;
    const ends = this.random.chance(0.1);
    const batch = this.workload[ends ? "marker" : "next"](
      model,
      this.leaderEpoch,
      this.clock.nowMs(),
    );
    if (batch === undefined) return;
    const records = this.engine.slabs.allocate(batch.sent.length);
    if (records === undefined) return;
    records.bytes.set(batch.sent);
    const pending: Pending = { batch, expected: model.send(batch), refused: false };
    model.pending.push(pending);
    this.#unanswered += 1;
    const { engine, faulted } = this;
    const answer = log.append({
      records,
      leaderEpoch: this.leaderEpoch,
      origin: batch.marker ? "coordinator" : "client",
      ...(batch.transactional ? { transaction: "verified" } : {}),
    });
    records.release();
    void answer.then((outcome) => {
      if (engine !== this.engine) return;
      this.#unanswered -= 1;
      if (this.dead) return;
      try {
        this.#judge(model, log, pending, outcome, faulted || this.faulted);
      } catch (error) {
        this.#violation ??= error as Violation;
      }
    });
  }

  /** Unanswered appends of a dead process are never answered. */
  forgetUnanswered(): void {
    this.#unanswered = 0;
  }

  #judge(
    model: PartitionModel,
    log: PartitionLog,
    pending: Pending,
    outcome: AppendOutcome,
    faulted: boolean,
  ): void {
    const { batch, expected } = pending;
    const what = `${model.name}: ${JSON.stringify(outcome)} in answer to ${expected.kind}`;
    if (!outcome.ok) {
      if (outcome.errorCode === ErrorCode.KAFKA_STORAGE_ERROR && faulted) {
        this.count("storageErrors");
        pending.refused = true;
        return;
      }
      drop(model, pending);
      this.count("refused");
      const foreseen = expected.kind === "refuse" && expected.errorCode === outcome.errorCode;
      if (!foreseen && !faulted) throw new Violation(what);
      return;
    }
    if (!this.#mayAnswer) throw new Violation(`${what} after the directory went offline`);
    if (log.durableOffset <= outcome.lastOffset)
      throw new Violation(`${what}, but only ${log.durableOffset} is durable`);
    if (outcome.duplicate) {
      drop(model, pending);
      this.count("duplicates");
      const original = expected.kind === "duplicate" ? expected.original : undefined;
      if (original === undefined ? !faulted : original.baseOffset !== outcome.baseOffset)
        throw new Violation(what);
      return;
    }
    if (!faulted && (expected.kind !== "append" || expected.baseOffset !== outcome.baseOffset))
      throw new Violation(what);
    if (outcome.baseOffset !== model.endOffset)
      throw new Violation(`${what}, although the log ends at ${model.endOffset}`);
    batch.baseOffset = outcome.baseOffset;
    if (outcome.lastOffset !== lastOffsetOf(batch)) throw new Violation(what);
    model.batches.push(batch);
    // What was sent before it and is not in the log was refused, and this batch stands in its place.
    model.pending.splice(0, model.pending.indexOf(pending) + 1);
    this.count("acknowledged");
  }

  /** Compares a settled log with its model in full. */
  async check(model: PartitionModel): Promise<void> {
    const log = this.log(model);
    if (!log || model.existence !== "present" || this.dead || this.faulted || this.offline) return;
    this.count("checks");
    await this.unlessDead(async () => {
      await compareWhole(model, log, this.random, { holes: "none", restarted: false });
      await probe(model, log, this.random);
    });
  }

  /** What goes wrong because the process died meanwhile is no violation. */
  async unlessDead(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!this.dead) throw error;
    }
  }
}

function drop(model: PartitionModel, pending: Pending): void {
  model.pending.splice(model.pending.indexOf(pending), 1);
}
