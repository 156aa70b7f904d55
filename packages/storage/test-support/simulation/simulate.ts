import { ZERO_UUID } from "@ottla/protocol";
import type { FlushPolicy, PartitionLog, RecoveryReport } from "../../src/index.ts";
import { act, attempt, createPartition } from "./actions.ts";
import { compareWhole, probe } from "./check.ts";
import type { Ending } from "./disk.ts";
import { Violation, type PartitionModel } from "./model.ts";
import { World, type Statistic } from "./world.ts";

const LIVES_MAX = 4;
const STEPS_MAX = 45;
/** Calls to the disk after which a process may die in the middle of its recovery. */
const RECOVERY_CALLS_MAX = 80;
const LIFE_CALLS_MAX = 400;

export interface Simulation {
  readonly statistics: ReadonlyMap<Statistic, number>;
  /** What went wrong, and all that led to it. */
  readonly violation: string | undefined;
}

/** Runs one seed: several lives of an engine on one disk, each ended by a stop, a kill or a power loss. */
export async function simulate(seed: number, flush: FlushPolicy = "group"): Promise<Simulation> {
  const world = new World(seed, flush);
  let violation: string | undefined;
  try {
    const lives = 2 + world.random.nextInt(LIVES_MAX - 1);
    let ending: Ending = "close";
    for (let life = 0; life < lives; life++) ending = await live(world, ending);
    await start(world, ending);
    world.tell(await end(world));
  } catch (error) {
    const reason = error instanceof Violation ? error.message : `${(error as Error).stack}`;
    violation = `${reason}\n  ${world.story.slice(-25).join("\n  ")}`;
  }
  return { statistics: world.statistics, violation };
}

async function live(world: World, before: Ending): Promise<Ending> {
  await start(world, before);
  const { random } = world;
  if (random.chance(0.6)) world.disk.fileSystem.faults.dieAfter(random.nextInt(LIFE_CALLS_MAX));
  for (const model of world.models)
    if (model.existence === "absent") await createPartition(world, model);
  const steps = random.nextInt(STEPS_MAX);
  for (let step = 0; step < steps && !world.dead && !world.offline; step++)
    await world.unlessDead(() => act(world));
  return end(world);
}

/** How a life ends; after a stop that was acknowledged the power may fail as well. */
async function end(world: World): Promise<Ending> {
  const { random } = world;
  let ending: Ending = random.pick(["power", "power", "kill", "close"]);
  for (const model of world.models) {
    const log = world.log(model);
    if (log) model.logStartCeiling = Math.max(model.logStartCeiling, log.logStartOffset);
  }
  if (ending === "close" && !world.dead) {
    const isClosed = await attempt(world, world.engine.close());
    if (isClosed && !world.faulted && !world.offline) await world.settleAll();
    else ending = "kill";
  } else if (ending === "close") ending = "kill";
  return ending;
}

async function start(world: World, before: Ending): Promise<void> {
  const { random } = world;
  let ending = before;
  const wasFaulted = world.faulted;
  for (;;) {
    const isStop = ending === "close";
    world.tell(world.disk.restart(isStop && random.chance(0.4) ? "power" : ending));
    world.count(isStop ? "cleanStops" : ending === "power" ? "powerLosses" : "kills");
    world.forgetUnanswered();
    if (random.chance(0.2))
      world.disk.fileSystem.faults.dieAfter(random.nextInt(RECOVERY_CALLS_MAX));
    const report = await open(world);
    if (report) {
      world.disk.fileSystem.faults.dieAfter(Number.POSITIVE_INFINITY);
      world.faulted = false;
      await inspect(world, report, isStop, wasFaulted ? "allowed" : "none");
      return;
    }
    world.count("crashesInRecovery");
    ending = random.pick(["power", "kill"]);
  }
}

async function open(world: World): Promise<RecoveryReport | undefined> {
  try {
    const report = await world.restartEngine();
    return world.dead ? undefined : report;
  } catch (error) {
    if (world.dead) return undefined;
    throw new Violation(`the engine does not start: ${String(error)}`, { cause: error });
  }
}

/** Compares all that a new process found with what was promised before it. */
async function inspect(
  world: World,
  report: RecoveryReport,
  isStop: boolean,
  holes: "none" | "allowed",
): Promise<void> {
  for (const { partition, offlineReason, truncatedBytes, rebuiltIndexes } of report.partitions) {
    if (offlineReason !== undefined)
      throw new Violation(`partition ${partition} is offline: ${offlineReason}`);
    if (truncatedBytes > 0) world.count("truncatedTails");
    world.count("rebuiltIndexes", rebuiltIndexes);
    if (isStop && truncatedBytes > 0) throw new Violation("a clean stop left a torn tail");
  }
  if (isStop && !report.cleanShutdown && report.partitions.length > 0)
    throw new Violation("a clean stop is not recognised");
  for (const model of world.models) await inspectOne(world, model, holes);
  const known = new Set(world.models.map(({ partition }) => partition));
  for (const { partition } of world.engine.partitions())
    if (!known.has(partition)) throw new Violation(`partition ${partition} was never made`);
}

async function inspectOne(
  world: World,
  model: PartitionModel,
  holes: "none" | "allowed",
): Promise<void> {
  const log = world.log(model);
  if (model.existence === "creating" || model.existence === "absent") {
    await settleCreation(world, model, log);
    return;
  }
  if (log === undefined) {
    if (model.existence === "present") throw new Violation(`${model.name} is gone`);
    model.reset("absent", "");
    return;
  }
  if (log.topicId !== model.topicId)
    throw new Violation(`${model.name} has topic id ${log.topicId}, not ${model.topicId}`);
  // A deletion forgets first where the log starts.
  if (model.existence === "deleting") model.logStartFloor = 0;
  model.existence = "present";
  const before = model.batches.length;
  await compareWhole(model, log, world.random, { holes, restarted: true });
  world.count("adopted", model.batches.length - before);
  model.pending = [];
  model.resynchronise();
  await probe(model, log, world.random);
  if (world.random.chance(0.5)) await attempt(world, log.updateConfig(model.config));
  else await attempt(world, world.engine.createPartition(model));
}

/** A log whose making was interrupted is there, empty, or not there. */
async function settleCreation(
  world: World,
  model: PartitionModel,
  log: PartitionLog | undefined,
): Promise<void> {
  if (log !== undefined) {
    const isExpected = log.topicId === model.topicId || log.topicId === ZERO_UUID;
    if (model.existence === "absent" || !isExpected || log.logEndOffset > 0)
      throw new Violation(`${model.name} is back, as ${log.topicId} up to ${log.logEndOffset}`);
    await attempt(world, world.engine.deletePartition(model));
  }
  model.reset("absent", "");
}
