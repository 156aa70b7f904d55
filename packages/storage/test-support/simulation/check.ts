import { iterateBatches, iterateRecords, RecordBatchView, type KafkaRecord } from "@ottla/protocol";
import type { SeededRandom } from "@ottla/testkit";
import type { PartitionLog } from "../../src/index.ts";
import {
  differenceOf,
  hasContentOf,
  lastOffsetOf,
  Violation,
  type ModelBatch,
  type PartitionModel,
  type Pending,
} from "./model.ts";

const DECOMPRESSED_BYTES_MAX = 1_000_000;

export interface CompareOptions {
  /** Whether batches that were refused may be missing between others that were written. */
  readonly holes: "none" | "allowed";
  /** A new process found the log; pending batches may or may not be in it. */
  readonly restarted: boolean;
}

/** Everything from the log start to the log end, in reads of random sizes. */
export async function readWhole(log: PartitionLog, random: SeededRandom): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  for (let startOffset = log.logStartOffset; startOffset < log.logEndOffset;) {
    const maxBytes = 1 + random.nextInt(20_000);
    const limitOffset = log.logEndOffset;
    const outcome = await log.read({ startOffset, limitOffset, maxBytes, minOneBatch: true });
    if (!outcome.ok)
      throw new Violation(`${log.topic}: a read at ${startOffset} answers ${outcome.errorCode}`);
    if (outcome.nextOffset <= startOffset)
      throw new Violation(`${log.topic}: a read at ${startOffset} gives nothing`);
    parts.push(Buffer.concat(outcome.slices));
    outcome.release();
    startOffset = outcome.nextOffset;
  }
  return Buffer.concat(parts);
}

/** Reads the whole log and compares it with the model; what a crash kept of the pending batches becomes part of the model. */
export async function compareWhole(
  model: PartitionModel,
  log: PartitionLog,
  random: SeededRandom,
  { holes, restarted }: CompareOptions,
): Promise<void> {
  checkBounds(model, log);
  if (restarted) model.logStartFloor = model.logStartCeiling = log.logStartOffset;
  const found = [...iterateBatches(await readWhole(log, random))];
  if (model.compacted) {
    compareCompacted(model, found);
    const tail = found.filter((view) => view.baseOffset >= model.endOffset);
    if (tail.length > 0 && !restarted) throw new Violation(`${model.name} has more than was sent`);
    adoptTail(model, tail, holes);
    return;
  }
  const promised = model.live(log.logStartOffset);
  for (const [index, expected] of promised.entries()) {
    const view = found[index];
    if (!view) throw new Violation(`${model.name} lost offset ${expected.baseOffset}`);
    const difference = differenceOf(view, expected);
    if (difference) throw new Violation(`${model.name} holds ${difference}`);
  }
  const tail = found.slice(promised.length);
  if (tail.length > 0 && !restarted)
    throw new Violation(`${model.name} has offset ${tail[0]!.baseOffset}, which nobody sent`);
  adoptTail(model, tail, holes);
  if (log.logEndOffset !== model.endOffset)
    throw new Violation(`${model.name} ends at ${log.logEndOffset}, not at ${model.endOffset}`);
}

/** Nothing but what was sent, where it was sent, in order; and of each key the last record, unless it is a tombstone. */
function compareCompacted(model: PartitionModel, found: readonly RecordBatchView[]): void {
  const limit = { maxDecompressedBytes: DECOMPRESSED_BYTES_MAX };
  const text = ({ key, value }: KafkaRecord): string =>
    `${Buffer.from(key ?? []).toString()}=${value === null ? "null" : Buffer.from(value).toString()}`;
  const sent = new Map<number, string>();
  const last = new Map<string, number>();
  for (const { baseOffset, sent: bytes } of model.batches) {
    for (const record of iterateRecords(new RecordBatchView(bytes), limit)) {
      const offset = baseOffset + record.offset;
      sent.set(offset, text(record));
      const key = Buffer.from(record.key ?? []).toString();
      if (record.value === null) last.delete(key);
      else last.set(key, offset);
    }
  }
  const seen = new Set<number>();
  let end = 0;
  for (const view of found) {
    if (view.baseOffset >= model.endOffset) break;
    for (const record of iterateRecords(view, limit)) {
      const { offset } = record;
      if (offset < end || sent.get(offset) !== text(record))
        throw new Violation(
          `${model.name} holds ${text(record).slice(0, 30)} at ${offset}, after ${end - 1}`,
        );
      end = offset + 1;
      seen.add(offset);
    }
  }
  for (const [key, offset] of last)
    if (!seen.has(offset))
      throw new Violation(`${model.name} lost the last record of ${key}, at offset ${offset}`);
}

function checkBounds(model: PartitionModel, log: PartitionLog): void {
  const { logStartOffset, logEndOffset, durableOffset } = log;
  const { name, logStartFloor, logStartCeiling } = model;
  if (logStartOffset < logStartFloor || logStartOffset > logStartCeiling)
    throw new Violation(
      `${name} starts at ${logStartOffset}, not from ${logStartFloor} to ${logStartCeiling}`,
    );
  if (durableOffset > logEndOffset || logStartOffset > durableOffset)
    throw new Violation(
      `${name}: log start ${logStartOffset}, durable ${durableOffset}, end ${logEndOffset}`,
    );
}

/** Batches that nobody acknowledged: each must be one that was sent, in the order of sending. */
function adoptTail(
  model: PartitionModel,
  tail: readonly RecordBatchView[],
  holes: CompareOptions["holes"],
): void {
  const pending = model.pending.filter(
    ({ expected }) => holes === "allowed" || expected.kind === "append",
  );
  const found = assign(tail, pending, (one) => one.refused || holes === "allowed");
  if (typeof found === "number")
    throw new Violation(
      `${model.name} holds at offset ${tail[found]?.baseOffset} what nobody sent there`,
    );
  for (const [index, batch] of found.entries()) {
    batch.baseOffset = model.endOffset;
    const difference = differenceOf(tail[index]!, batch);
    if (difference) throw new Violation(`${model.name} holds ${difference}`);
    model.batches.push(batch);
  }
}

/**
 * The batches that `tail` holds, out of `pending` in its order. Two of them may look alike, as the markers of one
 * producer do, so that a choice may have to be taken back. When there is none: the index that none of them is.
 */
function assign(
  tail: readonly RecordBatchView[],
  pending: readonly Pending[],
  mayMiss: (pending: Pending) => boolean,
): ModelBatch[] | number {
  const [view, ...rest] = tail;
  if (view === undefined) return [];
  let furthest = 0;
  for (const [index, one] of pending.entries()) {
    const { batch } = one;
    if (batch.leaderEpoch === view.partitionLeaderEpoch && hasContentOf(view, batch)) {
      const others = assign(rest, pending.slice(index + 1), mayMiss);
      if (typeof others !== "number") return [batch, ...others];
      furthest = Math.max(furthest, others + 1);
    }
    if (!mayMiss(one)) break;
  }
  return furthest;
}

/** Look-ups by time and by epoch, and one read from the middle. */
export async function probe(
  model: PartitionModel,
  log: PartitionLog,
  random: SeededRandom,
): Promise<void> {
  const live = model.live(log.logStartOffset);
  if (live.length === 0 || model.compacted) return;
  await probeRead(live, log, random);
  await probeEpoch(live, log, random);
  await probeTransactions(model, log);
  if (live.every(({ rewritten }) => rewritten !== "time")) await probeTime(live, log, random);
}

async function probeRead(
  live: readonly ModelBatch[],
  log: PartitionLog,
  random: SeededRandom,
): Promise<void> {
  const { topic, logStartOffset, logEndOffset: limitOffset } = log;
  if (limitOffset <= logStartOffset) return;
  const startOffset = logStartOffset + random.nextInt(limitOffset - logStartOffset);
  const request = { startOffset, limitOffset, maxBytes: 1 + random.nextInt(600) };
  const outcome = await log.read({ ...request, minOneBatch: true });
  if (!outcome.ok) throw new Violation(`${topic}: a read at ${startOffset} is refused`);
  const [first] = [...iterateBatches(Buffer.concat(outcome.slices))];
  outcome.release();
  const expected = live.find((batch) => lastOffsetOf(batch) >= startOffset)!;
  const difference = first ? differenceOf(first, expected) : "nothing";
  if (difference) throw new Violation(`${topic}: a read at ${startOffset} gives ${difference}`);
}

async function probeEpoch(
  live: readonly ModelBatch[],
  log: PartitionLog,
  random: SeededRandom,
): Promise<void> {
  const batch = random.pick(live);
  const offset = Math.max(log.logStartOffset, batch.baseOffset);
  const epoch = await log.epochForOffset(offset);
  if (epoch !== batch.leaderEpoch)
    throw new Violation(`${log.topic}: epoch ${epoch} at ${offset}, not ${batch.leaderEpoch}`);
  const next = live.find(({ leaderEpoch }) => leaderEpoch > batch.leaderEpoch);
  const end = await log.endOffsetForEpoch(batch.leaderEpoch);
  const expected = next?.baseOffset ?? log.logEndOffset;
  if (end.leaderEpoch !== batch.leaderEpoch || end.endOffset !== expected)
    throw new Violation(
      `${log.topic}: epoch ${batch.leaderEpoch} ends at ${JSON.stringify(end)}, not at ${expected}`,
    );
}

/** What a read_committed consumer is told. What began below the log start may be forgotten or not. */
async function probeTransactions(model: PartitionModel, log: PartitionLog): Promise<void> {
  const { logStartOffset, lastStableOffset } = log;
  const open = model.openTransactions().map(({ baseOffset }) => baseOffset);
  const expected = Math.min(log.durableOffset, ...open);
  if (expected >= logStartOffset && lastStableOffset !== expected)
    throw new Violation(`${log.topic}: last stable offset ${lastStableOffset}, not ${expected}`);
  const isKnown = ({ firstOffset }: { firstOffset: number }): boolean =>
    firstOffset >= logStartOffset;
  const found = await log.abortedTransactions(logStartOffset, lastStableOffset);
  const aborted = model.abortedTransactions();
  // Of a transaction that began below the log start, a crash may leave only what came later.
  const isRest = ({
    producerId,
    firstOffset,
  }: {
    producerId: bigint;
    firstOffset: number;
  }): boolean =>
    aborted.some(
      (one) =>
        BigInt(one.producerId) === producerId &&
        one.firstOffset < Math.min(firstOffset, logStartOffset) &&
        one.lastOffset > firstOffset,
    );
  const wanted = aborted.filter((one) => isKnown(one) && one.firstOffset < lastStableOffset);
  if (wanted.length > 0 && !log.hasAbortedTransactions)
    throw new Violation(`${log.topic} does not say that it has aborted transactions`);
  const text = (list: readonly { producerId: bigint | number; firstOffset: number }[]): string =>
    list.map(({ producerId, firstOffset }) => `${producerId}@${firstOffset}`).join(" ");
  if (text(found.filter((one) => isKnown(one) && !isRest(one))) !== text(wanted))
    throw new Violation(`${log.topic}: aborted ${text(found)} in place of ${text(wanted)}`);
}

async function probeTime(
  live: readonly ModelBatch[],
  log: PartitionLog,
  random: SeededRandom,
): Promise<void> {
  const wanted = random.pick(random.pick(live).timestamps) + random.nextInt(3) - 1;
  const all = live.flatMap(({ baseOffset, timestamps }) =>
    timestamps.map((timestampMs, index) => ({ timestampMs, offset: baseOffset + index })),
  );
  const expected = all.find(
    ({ timestampMs, offset }) => offset >= log.logStartOffset && timestampMs >= wanted,
  );
  const found = await log.offsetForTimestamp(wanted);
  if (found?.offset !== expected?.offset || found?.timestampMs !== expected?.timestampMs)
    throw new Violation(
      `${log.topic}: time ${wanted} is at ${JSON.stringify(found)}, not at ${JSON.stringify(expected)}`,
    );
}
