import { ErrorCode } from "@ottla/protocol";
import { invariant, nextTurn } from "@ottla/runtime";
import { StorageError } from "../log/storage-error.ts";
import { makeNewLog, type NewLog } from "../recovery/new-log.ts";
import { deletedDirectoryName, partitionDirectory } from "./directory-names.ts";
import type {
  CreatedPartition,
  CreateRequest,
  LoadedPartition,
  LoadRequest,
  RemovedPartition,
  RemoveRequest,
} from "./host-calls.ts";
import { HostedLog, stateOf } from "./hosted-log.ts";
import { LOGS_PER_TURN, type HostCore } from "./host-operations.ts";

type Load = (request: LoadRequest) => Promise<readonly LoadedPartition[]>;

/** Logs whose syncs are under way together: they join in the journal, and an append's sync does not wait behind all. */
const CREATES_AT_ONCE = 16;

/**
 * Makes logs, whose syncs run side by side; the log directory is synced once for all of them. A log that cannot be
 * made does no harm to the others; a sync that fails takes the directory offline.
 */
export async function createLogs<Token>(
  core: HostCore<Token>,
  requests: readonly CreateRequest[],
  load: Load,
): Promise<CreatedPartition[]> {
  const { fileSystem, directory } = core.options;
  const created: CreatedPartition[] = [];
  const left = requests.entries();
  const lane = async (): Promise<void> => {
    for (const [index, request] of left) {
      if (core.isOffline()) throw new StorageError(`${directory} is offline`, { fatal: false });
      // Names are made before the first wait, those of earlier requests included.
      const syncs: Promise<void>[] = [
        createOne(core, request, load).then((one) => {
          created[index] = one;
        }),
      ];
      if (index === requests.length - 1) syncs.push(fileSystem.syncDirectory(directory));
      await syncOrGoOffline(core, syncs);
    }
  };
  const lanes = Array.from({ length: Math.min(CREATES_AT_ONCE, requests.length) }, lane);
  for (const result of await Promise.allSettled(lanes))
    if (result.status === "rejected") throw result.reason;
  return created;
}

/** Rejects when a sync failed. */
async function createOne<Token>(
  core: HostCore<Token>,
  request: CreateRequest,
  load: Load,
): Promise<CreatedPartition> {
  const { partitionId, topicId } = request;
  const { flush, directory } = core.options;
  invariant(!core.logs.has(partitionId), "a partition is created once");
  let made: NewLog | undefined;
  try {
    // A log that is known to have held something and is not there any more was lost: the loader says so.
    if (request.recoveryPoint === 0 && request.logStartOffset === 0)
      made = makeNewLog({
        ...core.options,
        ...request,
        topicPartition: { topic: request.topic, partition: request.partition },
        directory: partitionDirectory(directory, request),
      });
    if (made === undefined) return foundOrFailed(await load(request));
  } catch (error) {
    return { partitionId, failure: operatingFailure(error).message };
  }
  await made.sync();
  const hosted = new HostedLog<Token>(partitionId, made.log, flush);
  core.logs.set(partitionId, hosted);
  return { partitionId, topicId, state: stateOf(hosted) };
}

function foundOrFailed([answer]: readonly LoadedPartition[]): CreatedPartition {
  invariant(answer !== undefined, "a load request is answered");
  const { partitionId, loaded, recovery } = answer;
  if (loaded !== undefined) return { partitionId, ...loaded };
  return { partitionId, failure: recovery.offlineReason ?? "not loaded" };
}

/**
 * Ends logs and renames their directories; the log directory is synced once for all of them. The checkpoints must not
 * know them any more, or after a crash in between a new log of the same name would be taken for the old one, damaged.
 */
export async function removeLogs<Token>(
  core: HostCore<Token>,
  requests: readonly RemoveRequest[],
): Promise<RemovedPartition[]> {
  const { fileSystem, directory } = core.options;
  const removed: RemovedPartition[] = [];
  for (let first = 0; first < requests.length; first += LOGS_PER_TURN) {
    if (first > 0) await nextTurn();
    const some = requests.slice(first, first + LOGS_PER_TURN);
    await Promise.all(some.map(({ partitionId }) => endLog(core, partitionId)));
    removed.push(...some.map((request) => renameAway(core, request)));
  }
  if (removed.some(({ renamed }) => renamed !== undefined))
    await syncOrGoOffline(core, [fileSystem.syncDirectory(directory)]);
  return removed;
}

async function endLog<Token>(core: HostCore<Token>, partitionId: number): Promise<void> {
  const hosted = core.logs.get(partitionId);
  core.logs.delete(partitionId);
  // A log that could not be loaded has no host, but its files must go as well.
  if (hosted === undefined) return;
  core.refuseAll(hosted, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION);
  await core.scheduler.idle(hosted);
  hosted.log.abandon();
}

function renameAway<Token>(core: HostCore<Token>, request: RemoveRequest): RemovedPartition {
  const { directory, fileSystem, random } = core.options;
  const { partitionId } = request;
  const from = partitionDirectory(directory, request);
  try {
    if (!fileSystem.existsSync(from)) return { partitionId };
    const renamed = `${directory}/${deletedDirectoryName(request, random)}`;
    fileSystem.renameSync(from, renamed);
    return { partitionId, renamed };
  } catch (error) {
    return { partitionId, failure: operatingFailure(error).message };
  }
}

/** Waits for all of them, so that none fails unseen. */
async function syncOrGoOffline<Token>(
  core: HostCore<Token>,
  syncs: readonly Promise<void>[],
): Promise<void> {
  const results = await Promise.allSettled(syncs);
  for (const result of results) {
    if (result.status === "fulfilled") continue;
    core.goOffline(result.reason);
    throw result.reason;
  }
}

/** A failure of the disk is told; anything else is our bug. */
function operatingFailure(error: unknown): Error {
  const fromDisk = typeof (error as NodeJS.ErrnoException).syscall === "string";
  if (error instanceof StorageError || (error instanceof Error && fromDisk)) return error;
  throw error;
}
