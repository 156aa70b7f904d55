import * as fs from "node:fs";
import type { DirectoryLock } from "./file-system.ts";

/**
 * Node offers no flock, so the lock is a file that names its owner: process id, the time that
 * process started and the boot it belongs to. The name appears in one step, by link, with its
 * content complete. A lock whose owner no longer runs is taken over: it is renamed away first, and
 * put back if the rename caught another than the dead one that was seen.
 */
interface LockOwner {
  readonly pid: number;
  /** Clock ticks since boot at which the process started; "" where /proc is not available. */
  readonly startTicks: string;
  readonly bootId: string;
}

/** Attempts against other processes that race for the same dead lock. */
const MAX_ATTEMPTS = 10;

function readOrEmpty(path: string): string {
  try {
    return fs.readFileSync(path, "utf8");
  } catch {
    // Only for /proc: absent on other platforms or for a process that is gone.
    return "";
  }
}

function startTicksOf(pid: number): string {
  const line = readOrEmpty(`/proc/${pid}/stat`);
  // The command name, in parentheses, may itself hold spaces; field 22 counts from the last ")".
  const fields = line.slice(line.lastIndexOf(")") + 2).split(" ");
  return fields[19] ?? "";
}

function currentOwner(): LockOwner {
  return {
    pid: process.pid,
    startTicks: startTicksOf(process.pid),
    bootId: readOrEmpty("/proc/sys/kernel/random/boot_id").trim(),
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function parseOwner(content: string): LockOwner | undefined {
  const [pid, startTicks = "", bootId = ""] = content.split("\n");
  const parsed = Number(pid);
  if (!Number.isSafeInteger(parsed) || parsed <= 0) return undefined;
  return { pid: parsed, startTicks, bootId };
}

function ownerRuns(owner: LockOwner, self: LockOwner): boolean {
  if (owner.bootId !== self.bootId) return false;
  if (!isAlive(owner.pid)) return false;
  const startTicks = startTicksOf(owner.pid);
  return startTicks === "" || owner.startTicks === "" || startTicks === owner.startTicks;
}

/** Apache Kafka holds a kernel lock on an empty file of the same name; Linux lists those by inode. */
function kernelLockHolder(path: string): number | undefined {
  let inode: number;
  try {
    inode = fs.statSync(path).ino;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  for (const line of readOrEmpty("/proc/locks").split("\n")) {
    const fields = line.trim().split(/\s+/);
    if (fields[5]?.endsWith(`:${inode}`)) return Number(fields[4]);
  }
  return undefined;
}

/** True when the lock file was created, false when the name exists. */
function tryLink(path: string, content: string, unique: string): boolean {
  const temporary = `${path}.${unique}.new`;
  fs.writeFileSync(temporary, content);
  try {
    fs.linkSync(temporary, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    fs.rmSync(temporary, { force: true });
  }
}

/** Removes a lock seen as dead, unless somebody replaced it in between. */
function breakLock(path: string, seen: string, unique: string): void {
  const aside = `${path}.${unique}.stale`;
  try {
    fs.renameSync(path, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
    throw error;
  }
  if (fs.readFileSync(aside, "utf8") !== seen) {
    try {
      fs.linkSync(aside, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
  fs.rmSync(aside, { force: true });
}

/** Takes the lock file, or returns the id of the running process that holds it. */
export function lockDirectory(path: string): DirectoryLock | { readonly heldBy: number } {
  const self = currentOwner();
  const unique = `${self.pid}.${process.hrtime.bigint()}`;
  const content = `${self.pid}\n${self.startTicks}\n${self.bootId}\n${unique}\n`;
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    if (tryLink(path, content, unique) && readOrEmpty(path) === content) {
      return {
        release: () => {
          if (readOrEmpty(path) === content) fs.rmSync(path, { force: true });
        },
      };
    }
    const seen = readOrEmpty(path);
    const owner = parseOwner(seen);
    if (owner && ownerRuns(owner, self)) return { heldBy: owner.pid };
    const foreignPid = owner ? undefined : kernelLockHolder(path);
    if (foreignPid !== undefined) return { heldBy: foreignPid };
    breakLock(path, seen, unique);
  }
  throw new Error(`cannot take the lock file ${path}: other processes keep replacing it`);
}
