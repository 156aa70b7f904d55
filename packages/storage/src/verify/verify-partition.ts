import type { RecordBatchView } from "@ottla/protocol";
import { join } from "node:path";
import { DAMAGED_TOPIC_ID, readLeaderEpochs, readTopicId } from "../checkpoint/partition-files.ts";
import {
  CLEANED_SUFFIX,
  DELETED_SUFFIX,
  LEADER_EPOCH_CHECKPOINT,
  LOG_SUFFIX,
  parseBaseOffset,
  PARTITION_METADATA,
  segmentFilePath,
  SNAPSHOT_SUFFIX,
  SWAP_SUFFIX,
  TEMPORARY_SUFFIX,
} from "../segment/segment-files.ts";
import { LeaderEpochCache } from "../state/leader-epoch-cache.ts";
import { decodeProducerSnapshot } from "../state/producer-snapshot.ts";
import { Findings, type PartitionVerification, type VerifyOptions } from "./verification.ts";
import { verifySegment } from "./verify-segment.ts";

/** What the checkpoints of the log directory say of a partition. */
export interface KnownOffsets {
  readonly recoveryPoint: number | undefined;
  readonly logStartOffset: number | undefined;
  /** Below it compaction may have left holes. */
  readonly cleanedBelow: number | undefined;
}

export interface PartitionToVerify {
  readonly directory: string;
  readonly name: string;
  readonly known: KnownOffsets;
  /** Only these segments; all when absent. */
  readonly only?: readonly number[];
  readonly onBytes: (bytes: number) => Promise<void>;
}

/** Everything in the directory of one partition against everything else in it. */
export async function verifyPartition(
  partition: PartitionToVerify,
  options: VerifyOptions,
): Promise<PartitionVerification> {
  const { fileSystem } = options;
  const { directory, known } = partition;
  const findings = new Findings();
  const names = fileSystem.listSync(directory);
  noteLeftovers(directory, names, findings);
  const bases = names
    .map((name) => parseBaseOffset(name, LOG_SUFFIX))
    .filter((base) => base !== undefined);
  const epochs = new EpochCheck(directory, options, findings);
  const walked = await walkSegments({ ...partition, bases, findings }, options, (view) =>
    epochs.visit(view),
  );
  if (partition.only === undefined) {
    checkSnapshots(directory, names, walked.logEndOffset, options, findings);
    const { recoveryPoint } = known;
    if (recoveryPoint !== undefined && walked.logEndOffset < recoveryPoint)
      findings.damage(
        directory,
        `ends at offset ${walked.logEndOffset} although offsets up to ${recoveryPoint} were synced`,
      );
  }
  return {
    name: partition.name,
    topicId: topicIdOf(directory, options, findings),
    ...walked,
    logStartOffset: Math.max(known.logStartOffset ?? 0, bases[0] ?? 0),
    findings: findings.all,
  };
}

type Walked = Pick<
  PartitionVerification,
  "segments" | "batches" | "records" | "sizeBytes" | "logEndOffset"
>;

async function walkSegments(
  partition: PartitionToVerify & { readonly bases: readonly number[]; readonly findings: Findings },
  options: VerifyOptions,
  onBatch: (view: RecordBatchView) => void,
): Promise<Walked> {
  const { directory, bases, findings, known, only, onBytes } = partition;
  if (bases.length === 0) findings.note(directory, "has no segment");
  const total = { segments: 0, batches: 0, records: 0, sizeBytes: 0, logEndOffset: bases[0] ?? 0 };
  for (const [index, baseOffset] of bases.entries()) {
    if (only !== undefined && !only.includes(baseOffset)) continue;
    const path = segmentFilePath(directory, baseOffset, LOG_SUFFIX);
    const { sizeBytes } = options.fileSystem.statSync(path);
    const active = index === bases.length - 1;
    const found = await verifySegment(
      { directory, baseOffset, sizeBytes, active, findings, onBatch, onBytes },
      options,
    );
    total.segments++;
    total.batches += found.batches;
    total.records += found.records;
    total.sizeBytes += sizeBytes;
    const isFirst = total.segments === 1;
    if (!isFirst && baseOffset < total.logEndOffset)
      findings.damage(path, `starts before the end ${total.logEndOffset} of the segment before it`);
    else if (!isFirst && baseOffset > total.logEndOffset && only === undefined)
      reportHole(findings, path, total.logEndOffset, baseOffset, known);
    total.logEndOffset = Math.max(total.logEndOffset, found.endOffset);
    if (found.damage !== undefined) {
      const { position, message } = found.damage;
      const isTorn = active && found.endOffset >= (known.recoveryPoint ?? 0);
      const bytes = sizeBytes - position;
      if (isTorn)
        findings.repairable(
          path,
          `torn tail of ${bytes} bytes at offset ${found.endOffset}: ${message}`,
          position,
        );
      else
        findings.damage(
          path,
          `${message}; ${bytes} bytes from offset ${found.endOffset} on cannot be read`,
          position,
        );
    }
  }
  return total;
}

function reportHole(
  findings: Findings,
  path: string,
  endOffset: number,
  baseOffset: number,
  { cleanedBelow, logStartOffset }: KnownOffsets,
): void {
  const message = `offsets ${endOffset} to ${baseOffset - 1} are not there`;
  if (baseOffset <= (logStartOffset ?? 0)) findings.note(path, `${message}, below the log start`);
  else if (cleanedBelow !== undefined && endOffset < cleanedBelow)
    findings.note(path, `${message}: compaction`);
  else findings.damage(path, message);
}

function topicIdOf(
  directory: string,
  { fileSystem }: VerifyOptions,
  findings: Findings,
): string | undefined {
  const path = join(directory, PARTITION_METADATA);
  const found = readTopicId(fileSystem, directory);
  if (found === undefined) findings.note(path, "is missing");
  if (found !== DAMAGED_TOPIC_ID) return found;
  findings.repairable(path, "says no topic id");
  return undefined;
}

/** The epoch that the checkpoint gives an offset must be the one in its batch. */
class EpochCheck {
  readonly #path: string;
  readonly #findings: Findings;
  readonly #epochs: LeaderEpochCache | undefined;
  #refused = false;

  constructor(directory: string, { fileSystem }: VerifyOptions, findings: Findings) {
    this.#findings = findings;
    this.#path = join(directory, LEADER_EPOCH_CHECKPOINT);
    const entries = readLeaderEpochs(fileSystem, directory);
    this.#epochs = entries && new LeaderEpochCache(entries);
    if (entries === undefined && fileSystem.existsSync(this.#path))
      findings.repairable(this.#path, "is not a list of epochs that ascend");
  }

  visit({ baseOffset, partitionLeaderEpoch }: RecordBatchView): void {
    if (this.#refused || this.#epochs === undefined || this.#epochs.latestEpoch < 0) return;
    const known = this.#epochs.epochFor(baseOffset);
    // Below the log start the epochs are forgotten; the last epoch may not be on disk yet.
    if (known < 0 || partitionLeaderEpoch < 0 || known === partitionLeaderEpoch) return;
    if (partitionLeaderEpoch > this.#epochs.latestEpoch) return;
    this.#refused = true;
    this.#findings.repairable(
      this.#path,
      `says epoch ${known} for offset ${baseOffset}, the batch says ${partitionLeaderEpoch}`,
    );
  }
}

function checkSnapshots(
  directory: string,
  names: readonly string[],
  logEndOffset: number,
  { fileSystem }: VerifyOptions,
  findings: Findings,
): void {
  for (const name of names) {
    const offset = parseBaseOffset(name, SNAPSHOT_SUFFIX);
    if (offset === undefined) continue;
    const path = join(directory, name);
    const entries = decodeProducerSnapshot(fileSystem.readFileSync(path));
    if (entries === undefined)
      findings.repairable(path, "is not a producer snapshot, or its CRC does not match");
    else if (offset > logEndOffset)
      findings.repairable(path, `lies beyond the end ${logEndOffset} of the log`);
    else if (entries.some(({ batches }) => (batches.at(-1)?.lastOffset ?? -1) >= offset))
      findings.repairable(path, "names batches beyond its own offset");
  }
}

function noteLeftovers(directory: string, names: readonly string[], findings: Findings): void {
  for (const name of names) {
    if (name.endsWith(SWAP_SUFFIX))
      findings.repairable(
        join(directory, name),
        "belongs to a compaction that the next start completes",
      );
    else if (
      [DELETED_SUFFIX, TEMPORARY_SUFFIX, CLEANED_SUFFIX].some((suffix) => name.endsWith(suffix))
    )
      findings.note(join(directory, name), "waits to be removed");
  }
}
