export type FaultyCall =
  | "open"
  | "write"
  | "read"
  | "dataSync"
  | "truncate"
  | "rename"
  | "remove"
  | "syncDirectory"
  | "list"
  | "stat"
  | "makeDirectory"
  | "link";

export interface Fault {
  readonly call: FaultyCall;
  /** The how-manieth matching call from now on fails; 1 is the next. */
  readonly nth: number;
  readonly code: "EIO" | "ENOSPC" | "EMFILE" | "EACCES" | "EDQUOT";
  /** For writes: so many bytes are written before the failure, and the call returns that short count. */
  readonly shortBytes?: number;
  /** Only calls on paths that contain this. */
  readonly path?: string;
  /** All matching calls after the nth fail, too. */
  readonly forever?: boolean;
}

export interface FaultHit {
  readonly code: string;
  readonly shortBytes: number | undefined;
}

/** Decides which calls fail. */
export class FaultPlan {
  readonly #faults: { readonly fault: Fault; seen: number }[] = [];
  /** Calls seen so far by kind, whether they failed or not. */
  readonly counts = new Map<FaultyCall, number>();
  /** How many calls failed. */
  hits = 0;
  /** The process is gone: every call fails from here on and leaves no trace. */
  dead = false;
  #callsToLive = Number.POSITIVE_INFINITY;

  add(fault: Fault): void {
    this.#faults.push({ fault, seen: 0 });
  }

  /** After so many more calls the process is dead, in the middle of whatever it does. */
  dieAfter(calls: number): void {
    this.#callsToLive = calls;
  }

  clear(): void {
    this.#faults.length = 0;
  }

  /** Counts a call; returns what is to go wrong with it. */
  check(call: FaultyCall, path: string): FaultHit | undefined {
    if (this.#callsToLive-- <= 0) this.dead = true;
    if (this.dead) return { code: "EIO", shortBytes: undefined };
    this.counts.set(call, (this.counts.get(call) ?? 0) + 1);
    let hit: FaultHit | undefined;
    for (const pending of this.#faults) {
      const { fault } = pending;
      if (fault.call !== call || (fault.path !== undefined && !path.includes(fault.path))) continue;
      pending.seen++;
      const strikes = fault.forever ? pending.seen >= fault.nth : pending.seen === fault.nth;
      if (strikes) hit ??= { code: fault.code, shortBytes: fault.shortBytes };
    }
    if (hit) this.hits++;
    return hit;
  }
}

/** An error as Node's file system calls raise it. */
export function systemError(code: string, call: string, path: string): NodeJS.ErrnoException {
  const error: NodeJS.ErrnoException = new Error(`${code}: ${call} '${path}'`);
  error.code = code;
  error.syscall = call;
  error.path = path;
  return error;
}
