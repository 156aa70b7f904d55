import type { Fault, FaultyCall } from "@ottla/testkit";
import { lastOffsetOf, Violation, type ModelBatch, type PartitionModel } from "./model.ts";
import { turn } from "./disk.ts";
import { COMPACTED_SHARE, randomConfig, randomTopicId } from "./workload.ts";
import type { World } from "./world.ts";

/** One thing that happens to the engine. */
type Action = (world: World) => Promise<void>;

/** How often each is drawn, in parts of the sum. */
const ACTIONS: readonly (readonly [weight: number, action: Action])[] = [
  [40, appendSome],
  [10, releaseSyncs],
  [8, settle],
  [8, letTimePass],
  [4, applyRetention],
  [4, deleteRecords],
  [3, changeConfig],
  [6, checkOne],
  [2, raiseEpoch],
  [1, deletePartition],
  [1, cutTail],
  [COMPACTED_SHARE > 0 ? 3 : 0, clean],
  [2, failCalls],
  [1, fillDisk],
];
const TOTAL_WEIGHT = ACTIONS.reduce((sum, [weight]) => sum + weight, 0);

export async function act(world: World): Promise<void> {
  let draw = world.random.nextInt(TOTAL_WEIGHT);
  const [, action] = ACTIONS.find(([weight]) => (draw -= weight) < 0)!;
  await action(world);
  world.throwIfViolated();
}

function anyModel(world: World): PartitionModel {
  return world.random.pick(world.models);
}

async function appendSome(world: World): Promise<void> {
  for (let left = 1 + world.random.nextInt(5); left > 0; left--) {
    world.send(anyModel(world));
    if (world.random.chance(0.3)) await turn();
  }
}

async function releaseSyncs(world: World): Promise<void> {
  for (let left = 1 + world.random.nextInt(3); left > 0; left--) {
    world.disk.releaseSync();
    await turn();
  }
}

async function settle(world: World): Promise<void> {
  await world.settleAll();
}

async function raiseEpoch(world: World): Promise<void> {
  world.leaderEpoch += 1;
}

async function checkOne(world: World): Promise<void> {
  await world.settleAll();
  await world.check(anyModel(world));
}

async function letTimePass(world: World): Promise<void> {
  const before = startOffsets(world);
  const durationMs = world.random.pick([100, 1_000, 12_000, 35_000]);
  if (world.random.chance(0.5)) await world.settleAll();
  await world.clock.advanceAsync(durationMs);
  await world.settleAll();
  for (const [model, from] of before) judgeRetention(world, model, from);
}

async function applyRetention(world: World): Promise<void> {
  const before = startOffsets(world);
  world.tell("retention");
  if (!(await attempt(world, world.engine.runRetention()))) return;
  for (const [model, from] of before) {
    judgeRetention(world, model, from);
    const to = world.log(model)?.logStartOffset ?? from;
    // What an earlier, failed call moved is not persisted by one that moves nothing.
    if (to > from) model.logStartFloor = to;
  }
}

/** The bounds of the log start go with the calls that may have moved it. */
function startOffsets(world: World): Map<PartitionModel, number> {
  const present = world.models.filter((model) => model.existence === "present");
  return new Map(present.map((model) => [model, world.log(model)?.logStartOffset ?? 0]));
}

/** Retention may take only what is too old or what the log need not hold for its size. */
function judgeRetention(world: World, model: PartitionModel, from: number): void {
  const log = world.log(model);
  if (log === undefined || world.dead) return;
  const to = log.logStartOffset;
  model.logStartCeiling = Math.max(model.logStartCeiling, to);
  if (to === from) return;
  world.count("expired");
  const { retentionMs, retentionBytes } = model.config;
  const gone = model.batches.filter(
    (batch) => batch.baseOffset >= from && lastOffsetOf(batch) < to,
  );
  const isTooOld = ({ timestamps, rewritten }: ModelBatch): boolean =>
    retentionMs >= 0 &&
    (rewritten === "time" || Math.max(...timestamps) < world.clock.nowMs() - retentionMs);
  const keepsEnough = retentionBytes >= 0 && log.sizeBytes >= retentionBytes;
  if (!keepsEnough && !gone.every(isTooOld))
    throw new Violation(`${model.name}: retention moved the log start from ${from} to ${to}`);
}

async function deleteRecords(world: World): Promise<void> {
  const model = anyModel(world);
  const log = world.log(model);
  if (log === undefined || model.existence !== "present" || model.compacted) return;
  const { logStartOffset, durableOffset } = log;
  const target = logStartOffset + world.random.nextInt(durableOffset - logStartOffset + 3);
  model.logStartCeiling = Math.max(model.logStartCeiling, target);
  world.tell(`delete records of ${model.name} before ${target}`);
  let answered = -1;
  const call = log.deleteRecordsBefore(target).then((offset) => void (answered = offset));
  if (!(await attempt(world, call))) return;
  if (answered < Math.min(target, durableOffset))
    throw new Violation(`${model.name}: records before ${target} deleted up to ${answered}`);
  model.logStartFloor = Math.max(model.logStartFloor, answered);
}

async function changeConfig(world: World): Promise<void> {
  const model = anyModel(world);
  await world.settleAll();
  const log = world.log(model);
  if (log === undefined || model.existence !== "present" || world.dead) return;
  const config = randomConfig(world.random, model.compacted);
  if (await attempt(world, log.updateConfig(config))) model.config = config;
}

async function deletePartition(world: World): Promise<void> {
  const model = anyModel(world);
  await world.settleAll();
  if (model.existence !== "present" || world.dead || world.offline) return;
  model.existence = "deleting";
  world.tell(`delete ${model.name}`);
  if (!(await attempt(world, world.engine.deletePartition(model)))) return;
  world.count("deletedPartitions");
  model.reset("absent", "");
  await createPartition(world, model);
}

async function clean(world: World): Promise<void> {
  world.tell("compaction");
  const before = world.models.map((model) => world.log(model)?.sizeBytes ?? 0);
  if (!(await attempt(world, world.engine.runCleaner()))) return;
  for (const [index, model] of world.models.entries()) {
    if (!model.compacted || (world.log(model)?.sizeBytes ?? 0) >= before[index]!) continue;
    world.count("cleaned");
    await world.settleAll();
    await world.check(model);
  }
}

/** What a follower does when its leader has another history: the last batches go. */
async function cutTail(world: World): Promise<void> {
  const model = anyModel(world);
  await world.settleAll();
  const log = world.log(model);
  if (log === undefined || model.existence !== "present" || world.dead || world.offline) return;
  if (model.compacted) return;
  const from = Math.max(model.logStartCeiling, log.logStartOffset);
  const recent = model.batches.filter(({ baseOffset }) => baseOffset >= from).slice(-12);
  if (recent.length === 0) return;
  const { baseOffset } = world.random.pick(recent);
  world.tell(`cut ${model.name} at ${baseOffset}`);
  model.beginCut(baseOffset);
  let end = -1;
  if (
    !(await attempt(
      world,
      log.truncateTo(baseOffset).then((offset) => void (end = offset)),
    ))
  )
    return;
  if (end !== baseOffset || log.logEndOffset !== baseOffset)
    throw new Violation(`${model.name}: cut at ${baseOffset}, ends at ${end}, ${log.logEndOffset}`);
  world.count("cuts");
  model.pending = [];
  model.resynchronise();
  world.leaderEpoch += 1;
}

/** Makes a new, empty log for a model whose old one is gone. */
export async function createPartition(world: World, model: PartitionModel): Promise<void> {
  model.reset("creating", randomTopicId(world.random));
  const { topic, partition, topicId, config } = model;
  world.tell(`create ${model.name} ${topicId}`);
  const call = world.engine.createPartition({ topic, partition, topicId, config });
  if (await attempt(world, call)) model.existence = "present";
}

/** Awaits a call; false when it failed for a reason that the simulation itself made. */
export async function attempt(world: World, call: Promise<unknown>): Promise<boolean> {
  try {
    await world.settle(call);
    return !world.dead;
  } catch (error) {
    if (error instanceof Violation) throw error;
    if (world.dead || world.faulted || world.offline) return false;
    throw new Violation(`a call failed without reason: ${String(error)}`, { cause: error });
  }
}

const FAULTY: readonly FaultyCall[] = [
  "write",
  "write",
  "write",
  "dataSync",
  "syncDirectory",
  "open",
  "rename",
  "truncate",
  "remove",
];
const FAULTY_PATHS = ["", "", ".log", ".index", ".snapshot", "checkpoint"];

async function failCalls(world: World): Promise<void> {
  const { random } = world;
  const call = random.pick(FAULTY);
  const path = random.pick(FAULTY_PATHS);
  const fault: Fault = {
    call,
    nth: 1 + random.nextInt(3),
    code: random.pick(["EIO", "ENOSPC"]),
    path,
    ...(call === "write" && random.chance(0.5) ? { shortBytes: 1 + random.nextInt(200) } : {}),
  };
  world.tell(`fault ${JSON.stringify(fault)}`);
  world.faulted = true;
  world.count("faults");
  const { faults } = world.disk.fileSystem;
  faults.add(fault);
  if (call === "write" && random.chance(0.1)) faults.add({ call: "truncate", nth: 1, code: "EIO" });
  for (let left = 1 + random.nextInt(4); left > 0 && !world.offline && !world.dead; left--)
    await random.pick([appendSome, appendSome, releaseSyncs, letTimePass, applyRetention])(world);
  await heal(world);
}

async function fillDisk(world: World): Promise<void> {
  const { fileSystem } = world.disk;
  world.tell("disk full");
  world.faulted = true;
  world.count("faults");
  fileSystem.capacityBytes = fileSystem.disk.usedBytes + world.random.nextInt(3000);
  for (let left = 3; left > 0 && !world.offline && !world.dead; left--)
    await world.random.pick([appendSome, appendSome, letTimePass, deleteRecords])(world);
  await heal(world);
}

/** The disk works again; what the engine answers from here on is foreseen again, unless it went offline. */
async function heal(world: World): Promise<void> {
  await world.settleAll();
  const { fileSystem } = world.disk;
  fileSystem.faults.clear();
  fileSystem.capacityBytes = Number.POSITIVE_INFINITY;
  if (world.dead || world.offline) return;
  const before = startOffsets(world);
  await world.clock.advanceAsync(1_100);
  await world.settleAll();
  for (const [model, from] of before) judgeRetention(world, model, from);
  for (const model of world.models) model.resynchronise();
  world.faulted = world.dead || world.offline;
  world.tell("healed");
}
