import type { FileSystem } from "@ottla/runtime";
import { dirname } from "node:path";
import { TEMPORARY_SUFFIX } from "../segment/segment-files.ts";

/**
 * A small file is replaced as a whole: temporary file, sync, rename, directory sync. A reader sees the old
 * content or the new one, whatever happens in between.
 */
export function replaceFileNow(fileSystem: FileSystem, path: string, content: Uint8Array): void {
  const temporary = path + TEMPORARY_SUFFIX;
  fileSystem.removeSync(temporary);
  const handle = fileSystem.openSync(temporary, "create");
  try {
    writeAll(handle.writeSync([content], 0), content.length, temporary);
    handle.dataSyncNow();
  } finally {
    handle.closeSync();
  }
  fileSystem.renameSync(temporary, path);
  fileSystem.syncDirectoryNow(dirname(path));
}

/** The same without blocking on the syncs. The caller sees to it that a file is not replaced twice at once. */
export async function replaceFile(
  fileSystem: FileSystem,
  path: string,
  content: Uint8Array,
): Promise<void> {
  const temporary = path + TEMPORARY_SUFFIX;
  fileSystem.removeSync(temporary);
  const handle = fileSystem.openSync(temporary, "create");
  try {
    writeAll(handle.writeSync([content], 0), content.length, temporary);
    await handle.dataSync();
  } finally {
    handle.closeSync();
  }
  fileSystem.renameSync(temporary, path);
  await fileSystem.syncDirectory(dirname(path));
}

function writeAll(written: number, wanted: number, path: string): void {
  if (written !== wanted) throw new Error(`short write to ${path}: ${written} of ${wanted} bytes`);
}

/**
 * Kafka's text checkpoints: a version line "0", a count line, and as many lines of fields separated by
 * spaces. Undefined when the text is not such a file: the caller rebuilds what it held.
 */
export function parseCheckpointLines(content: Uint8Array): string[][] | undefined {
  const lines = new TextDecoder().decode(content).split("\n");
  const count = Number(lines[1]);
  if (
    lines[0] !== "0" ||
    !/^\d+$/.test(lines[1] ?? "") ||
    lines.at(-1) !== "" ||
    lines.length !== count + 3
  )
    return undefined;
  return lines.slice(2, -1).map((line) => line.split(" "));
}

export function formatCheckpointLines(rows: readonly (readonly (string | number)[])[]): Uint8Array {
  return new TextEncoder().encode(
    ["0", rows.length, ...rows.map((row) => row.join(" ")), ""].join("\n"),
  );
}

/** A non-negative safe integer in a checkpoint, or undefined. */
export function parseCheckpointNumber(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}
