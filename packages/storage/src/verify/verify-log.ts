import type { FileSystem } from "@ottla/runtime";
import { nextTurn } from "@ottla/runtime";
import { basename, dirname, join } from "node:path";
import {
  LOG_START_CHECKPOINT,
  OffsetCheckpoint,
  RECOVERY_POINT_CHECKPOINT,
  SYNC_FAILURE_CHECKPOINT,
  type OffsetTable,
} from "../checkpoint/offset-checkpoint.ts";
import { LOG_STAMPS_FILE, readLogStamps } from "../checkpoint/log-stamps-file.ts";
import { listPartitions } from "../engine/directory-files.ts";
import {
  parsePartitionDirectory,
  partitionDirectory,
  partitionKey,
} from "../engine/directory-names.ts";
import { StorageError } from "../log/storage-error.ts";
import { LOG_SUFFIX, parseBaseOffset } from "../segment/segment-files.ts";
import {
  Findings,
  type LogVerification,
  type PartitionVerification,
  type VerifyOptions,
} from "./verification.ts";
import { verifyPartition, type KnownOffsets, type PartitionToVerify } from "./verify-partition.ts";

/** Kafka's name, which the cleaner keeps. */
const CLEANER_CHECKPOINT = "cleaner-offset-checkpoint";
const PROGRESS_STEP_BYTES = 1 << 20;

type Wanted = Omit<PartitionToVerify, "onBytes">;

/**
 * Reads a log directory, the directory of one partition, or one `.log` file, and compares everything with everything
 * else; changes nothing and takes no lock. Beside a running broker the end of a log may be half-written, and is then
 * reported as a torn tail. Rejects with StorageError when the path is none of the three.
 */
export async function verifyLog(path: string, options: VerifyOptions): Promise<LogVerification> {
  const { fileSystem } = options;
  const findings = new Findings();
  const wanted = findWanted(path, fileSystem, findings);
  const bytesTotal = wanted.reduce((total, one) => total + logBytes(fileSystem, one), 0);
  let bytesChecked = 0;
  let reported = 0;
  const partitions: PartitionVerification[] = [];
  for (const one of wanted) {
    const onBytes = async (bytes: number): Promise<void> => {
      bytesChecked += bytes;
      if (bytesChecked - reported < PROGRESS_STEP_BYTES) return;
      reported = bytesChecked;
      await options.onProgress?.(bytesChecked, bytesTotal, one.name);
      await nextTurn();
    };
    partitions.push(await verifyPartition({ ...one, onBytes }, options));
  }
  return { path, partitions, findings: findings.all, bytesChecked };
}

function findWanted(path: string, fileSystem: FileSystem, findings: Findings): Wanted[] {
  if (!fileSystem.existsSync(path))
    throw new StorageError(`${path} does not exist`, { fatal: false, path });
  if (!fileSystem.statSync(path).isDirectory) {
    const base = parseBaseOffset(basename(path), LOG_SUFFIX);
    if (base === undefined)
      throw new StorageError(
        `${path} is neither a directory nor a segment: name a data directory, a partition's directory in it, or a .log file`,
        { fatal: false, path },
      );
    return [{ ...onePartition(dirname(path), fileSystem, findings), only: [base] }];
  }
  const names = fileSystem.listSync(path);
  if (names.some((name) => parseBaseOffset(name, LOG_SUFFIX) !== undefined))
    return [onePartition(path, fileSystem, findings)];
  const found = listPartitions(fileSystem, path);
  if (found.length === 0 && !names.includes("meta.properties"))
    throw new StorageError(
      `${path} holds no partition: name a data directory, a partition's directory in it, or a .log file`,
      { fatal: false, path },
    );
  const known = readKnown(path, fileSystem, findings);
  for (const key of known.names())
    if (!found.some((one) => partitionKey(one) === key))
      findings.note(join(path, RECOVERY_POINT_CHECKPOINT), `names ${key}, which has no directory`);
  return found.map((one) => ({
    directory: partitionDirectory(path, one),
    name: partitionKey(one),
    known: known.of(partitionKey(one)),
  }));
}

function onePartition(directory: string, fileSystem: FileSystem, findings: Findings): Wanted {
  const name = basename(directory);
  // The checkpoints of its log directory say what was synced.
  const isInLogDirectory = parsePartitionDirectory(name) !== undefined;
  const nothing = { recoveryPoint: undefined, logStartOffset: undefined, cleanedBelow: undefined };
  const known = isInLogDirectory
    ? readKnown(dirname(directory), fileSystem, findings).of(name)
    : nothing;
  return { directory, name, known };
}

interface Known {
  of(name: string): KnownOffsets;
  names(): string[];
}

function readKnown(directory: string, fileSystem: FileSystem, findings: Findings): Known {
  const read = (name: string): Map<string, number> => {
    const path = join(directory, name);
    const table: OffsetTable | undefined = new OffsetCheckpoint(fileSystem, directory, name).read();
    if (table === undefined && fileSystem.existsSync(path))
      findings.damage(
        path,
        "is not a checkpoint; without it damage cannot be told from a torn tail",
      );
    return new Map([...(table?.values() ?? [])].map((one) => [partitionKey(one), one.offset]));
  };
  const recoveryPoints = read(RECOVERY_POINT_CHECKPOINT);
  const logStartOffsets = read(LOG_START_CHECKPOINT);
  const cleaned = read(CLEANER_CHECKPOINT);
  const failure = join(directory, SYNC_FAILURE_CHECKPOINT);
  if (fileSystem.existsSync(failure))
    findings.note(
      failure,
      "a sync failed in the last run; the next start cuts what it did not cover",
    );
  if (readLogStamps(fileSystem, directory) === undefined)
    findings.repairable(
      join(directory, LOG_STAMPS_FILE),
      "is damaged; the next start looks into every log",
    );
  return {
    of: (name) => ({
      recoveryPoint: recoveryPoints.get(name),
      logStartOffset: logStartOffsets.get(name),
      cleanedBelow: cleaned.get(name),
    }),
    names: () => [...recoveryPoints.keys()],
  };
}

function logBytes(fileSystem: FileSystem, { directory, only }: Wanted): number {
  let total = 0;
  for (const name of fileSystem.listSync(directory)) {
    const base = parseBaseOffset(name, LOG_SUFFIX);
    if (base !== undefined && (only?.includes(base) ?? true))
      total += fileSystem.statSync(join(directory, name)).sizeBytes;
  }
  return total;
}
