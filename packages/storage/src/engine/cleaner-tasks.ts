import type { Clock, FileSystem } from "@ottla/runtime";
import { SystemClock } from "@ottla/runtime";
import type {
  BuildMapTask,
  BuiltMap,
  CleanedGroup,
  CleanGroupTask,
  TaskSeams,
} from "../cleaner/cleaner-task.ts";
import { cleanGroup } from "../cleaner/group-cleaner.ts";
import { buildOffsetMap } from "../cleaner/map-builder.ts";
import { CleaningStopped } from "../cleaner/task-pace.ts";
import { OffsetCheckpoint, type PartitionOffset } from "../checkpoint/offset-checkpoint.ts";
import { createWorkerFileSystem, type FileSystemModule } from "./worker-task.ts";

// The heavy steps of the cleaner, as ordinary tasks of the background pool. Errors lose their class and code on the
// way between threads, so that what the cleaner has to tell apart is said in the answer.

export interface CheckpointTask {
  readonly directory: string;
  readonly fileName: string;
  readonly offsets: readonly PartitionOffset[];
}

export type CleanerTask =
  | { readonly kind: "buildMap"; readonly task: BuildMapTask }
  | { readonly kind: "cleanGroup"; readonly task: CleanGroupTask }
  | { readonly kind: "writeCheckpoint"; readonly task: CheckpointTask };

export interface CleanerResults {
  readonly buildMap: BuiltMap;
  readonly cleanGroup: CleanedGroup;
  readonly writeCheckpoint: undefined;
}

export type TaskFailure = {
  readonly ok: false;
  readonly why: "stopped" | "file-gone" | "no-space" | "failed";
  readonly message: string;
};

export type TaskAnswer<Result> = { readonly ok: true; readonly result: Result } | TaskFailure;

/** Runs a step where nobody waits behind it. */
export type RunCleanerTask = <Kind extends CleanerTask["kind"]>(
  task: Extract<CleanerTask, { kind: Kind }>,
) => Promise<TaskAnswer<CleanerResults[Kind]>>;

/** In this thread. */
export async function runCleanerTask(
  { kind, task }: CleanerTask,
  seams: TaskSeams,
): Promise<TaskAnswer<CleanerResults[CleanerTask["kind"]]>> {
  try {
    switch (kind) {
      case "buildMap":
        return { ok: true, result: await buildOffsetMap(task, seams) };
      case "cleanGroup":
        return { ok: true, result: await cleanGroup(task, seams) };
      case "writeCheckpoint": {
        const { directory, fileName, offsets } = task;
        await new OffsetCheckpoint(seams.fileSystem, directory, fileName).write(offsets);
        return { ok: true, result: undefined };
      }
    }
  } catch (error) {
    return failureOf(error);
  }
}

function failureOf(error: unknown): TaskFailure {
  const message = error instanceof Error ? error.message : String(error);
  return { ok: false, why: reasonOf(error), message };
}

function reasonOf(error: unknown): TaskFailure["why"] {
  if (error instanceof CleaningStopped) return "stopped";
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
  if (code === "ENOENT") return "file-gone";
  return code === "ENOSPC" || code === "EDQUOT" ? "no-space" : "failed";
}

/** For an engine without threads. */
export function localCleanerTasks(fileSystem: FileSystem, clock: Clock): RunCleanerTask {
  return ((task: CleanerTask) => runCleanerTask(task, { fileSystem, clock })) as RunCleanerTask;
}

/** What crosses to a background thread. */
export interface CleanerJob {
  readonly task: CleanerTask;
  readonly fileSystemModule?: FileSystemModule;
}

/** In a background thread. */
export async function runCleanerJob({ task, fileSystemModule }: CleanerJob): Promise<unknown> {
  const fileSystem = await createWorkerFileSystem(fileSystemModule);
  return runCleanerTask(task, { fileSystem, clock: new SystemClock() });
}
