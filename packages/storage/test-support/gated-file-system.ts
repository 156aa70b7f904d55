import { NodeFileSystem, type FileHandle, type OpenMode } from "@ottla/runtime";

// A real file system whose log files can be held up, made to fail and made to kill their thread, from
// any thread: the switches lie in shared memory.

const Switch = {
  GATE: 0,
  SYNCS_BEGUN: 1,
  SYNCS_DONE: 2,
  FAIL_SYNC: 3,
  FAIL_WRITE: 4,
  DEATH: 5,
  READS: 6,
} as const;
const SWITCH_COUNT = 8;

/** How a thread dies at its next write. */
export type Death = "throw" | "exit";
const DEATHS: readonly Death[] = ["throw", "exit"];

export interface GatedOptions {
  readonly switches: SharedArrayBuffer;
}

/** The test's hand on the switches. */
export class DiskControl {
  readonly options: GatedOptions = { switches: new SharedArrayBuffer(SWITCH_COUNT * 4) };
  readonly #switches = new Int32Array(this.options.switches);

  /** Syncs of log files begin but do not end until the gate is opened. */
  closeGate(): void {
    Atomics.store(this.#switches, Switch.GATE, 1);
  }

  openGate(): void {
    Atomics.store(this.#switches, Switch.GATE, 0);
    Atomics.notify(this.#switches, Switch.GATE);
  }

  get syncsBegun(): number {
    return Atomics.load(this.#switches, Switch.SYNCS_BEGUN);
  }

  get syncsDone(): number {
    return Atomics.load(this.#switches, Switch.SYNCS_DONE);
  }

  get reads(): number {
    return Atomics.load(this.#switches, Switch.READS);
  }

  failNextSync(): void {
    Atomics.store(this.#switches, Switch.FAIL_SYNC, 1);
  }

  failNextWrite(): void {
    Atomics.store(this.#switches, Switch.FAIL_WRITE, 1);
  }

  dieAtNextWrite(death: Death): void {
    Atomics.store(this.#switches, Switch.DEATH, DEATHS.indexOf(death) + 1);
  }
}

export function createFileSystem({ switches }: GatedOptions): NodeFileSystem {
  return new GatedFileSystem(new Int32Array(switches));
}

class GatedFileSystem extends NodeFileSystem {
  readonly #switches: Int32Array;

  constructor(switches: Int32Array) {
    super();
    this.#switches = switches;
  }

  override openSync(path: string, mode: OpenMode): FileHandle {
    const handle = super.openSync(path, mode);
    return path.endsWith(".log") ? new GatedHandle(handle, this.#switches) : handle;
  }
}

class GatedHandle implements FileHandle {
  readonly #handle: FileHandle;
  readonly #switches: Int32Array;

  constructor(handle: FileHandle, switches: Int32Array) {
    this.#handle = handle;
    this.#switches = switches;
  }

  get path(): string {
    return this.#handle.path;
  }

  writeSync(chunks: readonly Uint8Array[], positionBytes: number): number {
    const death = DEATHS[Atomics.exchange(this.#switches, Switch.DEATH, 0) - 1];
    if (death === "throw") {
      setImmediate(() => {
        throw new Error("the thread dies by order of the test");
      });
    }
    if (death === "exit") process.exit(3);
    if (Atomics.exchange(this.#switches, Switch.FAIL_WRITE, 0) === 1)
      throw failure("ENOSPC", "write");
    return this.#handle.writeSync(chunks, positionBytes);
  }

  readSync(target: Uint8Array, positionBytes: number): number {
    return this.#handle.readSync(target, positionBytes);
  }

  read(target: Uint8Array, positionBytes: number): Promise<number> {
    Atomics.add(this.#switches, Switch.READS, 1);
    return this.#handle.read(target, positionBytes);
  }

  async dataSync(): Promise<void> {
    Atomics.add(this.#switches, Switch.SYNCS_BEGUN, 1);
    while (Atomics.load(this.#switches, Switch.GATE) === 1) {
      const wait = Atomics.waitAsync(this.#switches, Switch.GATE, 1);
      if (wait.async) await wait.value;
    }
    if (Atomics.exchange(this.#switches, Switch.FAIL_SYNC, 0) === 1)
      throw failure("EIO", "fdatasync");
    await this.#handle.dataSync();
    Atomics.add(this.#switches, Switch.SYNCS_DONE, 1);
  }

  dataSyncNow(): void {
    Atomics.add(this.#switches, Switch.SYNCS_BEGUN, 1);
    while (Atomics.load(this.#switches, Switch.GATE) === 1)
      Atomics.wait(this.#switches, Switch.GATE, 1);
    if (Atomics.exchange(this.#switches, Switch.FAIL_SYNC, 0) === 1)
      throw failure("EIO", "fdatasync");
    this.#handle.dataSyncNow();
    Atomics.add(this.#switches, Switch.SYNCS_DONE, 1);
  }

  truncateSync(sizeBytes: number): void {
    this.#handle.truncateSync(sizeBytes);
  }

  sizeBytes(): number {
    return this.#handle.sizeBytes();
  }

  closeSync(): void {
    this.#handle.closeSync();
  }
}

function failure(code: string, syscall: string): Error {
  return Object.assign(new Error(`${code}: ${syscall}`), { code, syscall });
}
