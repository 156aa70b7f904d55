import { readFileSync } from "node:fs";

/** Where the limit cannot be read: what macOS gives a process, and Linux did for long. */
const OPEN_FILES_ASSUMED = 1024;

/** How many descriptors this process may have open. Node has raised the soft limit to the hard one at its start. */
export function openFilesMax(): number {
  if (process.platform !== "linux") return OPEN_FILES_ASSUMED;
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
    return soft === undefined ? OPEN_FILES_ASSUMED : Number(soft);
  } catch {
    // A container without /proc.
    return OPEN_FILES_ASSUMED;
  }
}
