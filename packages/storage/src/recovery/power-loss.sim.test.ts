import { RecordBatchView, iterateBatches } from "@ottla/protocol";
import {
  buildCrashState,
  buildTestBatch,
  LOST_NAMES,
  LOST_WRITES,
  SeededRandom,
  testSeed,
  type MemoryFileSystem,
} from "@ottla/testkit";
import { expect, test } from "vitest";
import {
  LOG_START_CHECKPOINT,
  OffsetCheckpoint,
  RECOVERY_POINT_CHECKPOINT,
} from "../checkpoint/offset-checkpoint.ts";
import { LogHarness } from "../log/log-harness.test.ts";
import { runWorkload, type Promised, type Workload } from "./power-loss-workload.test.ts";

const TOPIC_PARTITION = { topic: "topic", partition: 0 };
const config = { segmentBytes: 1600, indexIntervalBytes: 200, maxMessageBytes: 1500 };

/** Recovers a state and says what promise it breaks, if any. */
async function violationOf(
  state: MemoryFileSystem,
  workload: Workload,
  operations: number,
): Promise<string | undefined> {
  const recoveryPoint =
    new OffsetCheckpoint(state, "/data", RECOVERY_POINT_CHECKPOINT).read()?.get(TOPIC_PARTITION) ??
    0;
  const logStartOffset =
    new OffsetCheckpoint(state, "/data", LOG_START_CHECKPOINT).read()?.get(TOPIC_PARTITION) ?? 0;
  const load = { recoveryPoint, logStartOffset };
  const harness = new LogHarness({ fileSystem: state, config, load });
  if (harness.recovery.offlineReason) return `offline: ${harness.recovery.offlineReason}`;
  const { log } = harness;
  const promised = latest(workload.acknowledged, operations);
  if (log.logEndOffset < promised)
    return `acknowledged up to ${promised}, recovered up to ${log.logEndOffset}`;
  const deleted = latest(workload.deletedBefore, operations);
  if (log.logStartOffset < deleted)
    return `deleted before ${deleted}, log starts at ${log.logStartOffset}`;
  const asked = latest(workload.logStarts, operations);
  if (log.logStartOffset > asked)
    return `log starts at ${log.logStartOffset}, nobody asked for more than ${asked}`;
  const content = await contentViolation(harness, workload);
  if (content) return content;
  return (await continuationViolation(harness, workload)) ?? (await reopenViolation(harness, load));
}

function latest(promises: readonly Promised[], operations: number): number {
  return promises.findLast((promise) => promise.operations <= operations)?.offset ?? 0;
}

async function contentViolation(
  harness: LogHarness,
  workload: Workload,
): Promise<string | undefined> {
  let expected = harness.log.logStartOffset;
  for (const view of iterateBatches(await harness.readAll())) {
    const written = workload.batches.find((batch) => batch.baseOffset === view.baseOffset);
    if (!written || Buffer.compare(written.bytes, view.batchBytes()) !== 0)
      return `the batch at ${view.baseOffset} is not what was written`;
    if (view.lastOffset < expected || view.baseOffset > expected)
      return `offset ${expected} is missing`;
    expected = view.nextOffset;
  }
  return expected === harness.log.logEndOffset
    ? undefined
    : `the log ends at ${harness.log.logEndOffset}, its batches at ${expected}`;
}

/** The last batch that stands is recognised when it is sent again; new ones go on from the end. */
async function continuationViolation(
  harness: LogHarness,
  workload: Workload,
): Promise<string | undefined> {
  const { log } = harness;
  const last = workload.batches.findLast(
    (batch) => batch.lastOffset < log.logEndOffset && batch.baseOffset >= log.logStartOffset,
  );
  if (last) {
    const again = harness.append(last.sent.slice());
    if (!again.ok || !again.duplicate || again.baseOffset !== last.baseOffset)
      return `a retry of the batch at ${last.baseOffset} gave ${JSON.stringify(again)}`;
  }
  const endOffset = log.logEndOffset;
  const appended = harness.append(buildTestBatch({ records: 2 }));
  if (!appended.ok || appended.baseOffset !== endOffset)
    return `an append after recovery gave ${JSON.stringify(appended)}`;
  await log.sync();
  return undefined;
}

/** Recovery of what was recovered changes nothing. */
async function reopenViolation(
  harness: LogHarness,
  load: { recoveryPoint: number; logStartOffset: number },
): Promise<string | undefined> {
  const before = await harness.readAll();
  const { logEndOffset } = harness.log;
  harness.reopen(load);
  if (harness.log.logEndOffset !== logEndOffset || harness.recovery.truncatedBytes > 0)
    return "a second recovery changed the log";
  const view = before.length === 0 ? undefined : new RecordBatchView(before);
  if (Buffer.compare(before, await harness.readAll()) !== 0)
    return `a second recovery changed the bytes from ${view?.baseOffset}`;
  return undefined;
}

async function countViolations(
  workload: Workload,
  random: SeededRandom,
  statesPerPoint: number,
): Promise<{ states: number; violations: string[] }> {
  const violations: string[] = [];
  let states = 0;
  for (let operations = 1; operations <= workload.fileSystem.trace.length; operations++) {
    for (let count = 0; count < statesPerPoint; count++) {
      const writes = random.pick(LOST_WRITES);
      const names = random.pick(LOST_NAMES);
      const state = buildCrashState(workload.fileSystem.trace, {
        operations,
        writes,
        names,
        random,
      });
      const violation = await violationOf(state, workload, operations);
      states++;
      if (violation)
        violations.push(
          `after operation ${operations}, writes ${writes}, names ${names}: ${violation}`,
        );
    }
  }
  return { states, violations };
}

test(
  "no power loss at any disk operation loses or changes what was acknowledged",
  { timeout: 60_000 },
  async () => {
    const seed = testSeed();
    const random = new SeededRandom(seed);
    const workload = await runWorkload(random.fork(), 60, "sync");
    const { states, violations } = await countViolations(workload, random, 4);
    expect(violations.slice(0, 5), `replay with OTTLA_SEED=${seed}`).toEqual([]);
    expect(states).toBeGreaterThanOrEqual(2000);
  },
);

test(
  "positive control: acknowledging before the sync loses acknowledged records",
  { timeout: 60_000 },
  async () => {
    const seed = testSeed();
    const random = new SeededRandom(seed);
    const workload = await runWorkload(random.fork(), 40, "write");
    const { violations } = await countViolations(workload, random, 1);
    expect(
      violations.filter((violation) => violation.includes("acknowledged up to")).length,
      `replay with OTTLA_SEED=${seed}`,
    ).toBeGreaterThan(0);
  },
);
