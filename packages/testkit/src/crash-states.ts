import { ROOT_INODE, type DiskOperation } from "./disk-operation.ts";
import {
  MemoryDisk,
  resize,
  writeInto,
  type DirectoryNode,
  type FileNode,
  type Node,
} from "./memory-disk.ts";
import { MemoryFileSystem } from "./memory-file-system.ts";
import type { SeededRandom } from "./seeded-random.ts";

/** What became of writes that no sync covered. `torn`: any subset of sectors; `zeros`: the file grew, the data did not arrive. */
export const LOST_WRITES = ["none-kept", "all-kept", "prefix", "torn", "zeros"] as const;
export type LostWrites = (typeof LOST_WRITES)[number];
/** What became of names that no directory sync covered. */
export const LOST_NAMES = ["none-kept", "all-kept", "prefix", "subset"] as const;
export type LostNames = (typeof LOST_NAMES)[number];

export interface CrashOptions {
  /** Power fails after so many operations of the trace. */
  readonly operations: number;
  readonly writes: LostWrites;
  readonly names: LostNames;
  readonly random: SeededRandom;
  /** What was durable before the trace began (`MemoryDisk.base`); nothing by default. */
  readonly base?: DirectoryNode;
}

type WriteOperation = Extract<DiskOperation, { kind: "write" | "truncate" }>;
type NamesOperation = Extract<DiskOperation, { kind: "names" }>;

interface Pending<Operation> {
  readonly index: number;
  readonly operation: Operation;
}

interface DurableFile {
  content: Uint8Array;
  sizeBytes: number;
  modifiedMs: number;
  pending: Pending<WriteOperation>[];
}

const SECTOR_BYTES = 512;

/** The file system as it stands after a power loss: what was synced, and of the rest what chance kept. */
export function buildCrashState(
  trace: readonly DiskOperation[],
  options: CrashOptions,
): MemoryFileSystem {
  const disk = new DurableDisk(options.base);
  for (let index = 0; index < options.operations; index++) disk.apply(trace[index]!, index);
  return disk.crash(options);
}

class DurableDisk {
  readonly #files = new Map<number, DurableFile>();
  readonly #directories = new Map<number, Map<string, number>>([[ROOT_INODE, new Map()]]);
  /** Of directories. */
  readonly #modifiedMs = new Map<number, number>();
  #pendingNames: Pending<NamesOperation>[] = [];
  #highestInode = ROOT_INODE;

  constructor(base?: DirectoryNode) {
    if (base) this.#adopt(base);
  }

  #adopt(node: Node): void {
    this.#highestInode = Math.max(this.#highestInode, node.inode);
    if (node.kind === "file") {
      const { content, sizeBytes, modifiedMs } = node;
      this.#files.set(node.inode, { content: content.slice(), sizeBytes, modifiedMs, pending: [] });
      return;
    }
    this.#modifiedMs.set(node.inode, node.modifiedMs);
    const names = new Map<string, number>();
    this.#directories.set(node.inode, names);
    for (const [name, child] of node.names) {
      names.set(name, child.inode);
      this.#adopt(child);
    }
  }

  apply(operation: DiskOperation, index: number): void {
    switch (operation.kind) {
      case "create":
        this.#highestInode = Math.max(this.#highestInode, operation.inode);
        if (operation.isDirectory) this.#directories.set(operation.inode, new Map());
        else
          this.#files.set(operation.inode, {
            content: new Uint8Array(0),
            sizeBytes: 0,
            modifiedMs: 0,
            pending: [],
          });
        return;
      case "names":
        this.#pendingNames.push({ index, operation });
        return;
      case "write":
      case "truncate":
        this.#files.get(operation.inode)!.pending.push({ index, operation });
        return;
      case "sync-file":
        this.#syncFile(operation.inode, operation.upTo);
        return;
      case "sync-failed":
        this.#dropFailed(operation.inode, operation.upTo);
        return;
      case "sync-directory":
        this.#syncDirectory(operation.inode, operation.upTo);
        return;
    }
  }

  #syncFile(inode: number, upTo: number): void {
    const file = this.#files.get(inode)!;
    for (const { index, operation } of file.pending) if (index < upTo) applyWhole(file, operation);
    file.pending = file.pending.filter(({ index }) => index >= upTo);
  }

  /** The kernel forgets these pages; only the size may have reached the disk. */
  #dropFailed(inode: number, upTo: number): void {
    const file = this.#files.get(inode)!;
    file.pending = file.pending.filter(({ index }) => index >= upTo);
  }

  #syncDirectory(inode: number, upTo: number): void {
    const isCovered = ({ index, operation }: Pending<NamesOperation>): boolean =>
      index < upTo && operation.changes.some(({ directory }) => directory === inode);
    for (const pending of this.#pendingNames)
      if (isCovered(pending)) this.#applyNames(pending.operation);
    this.#pendingNames = this.#pendingNames.filter((pending) => !isCovered(pending));
  }

  #applyNames({ changes, atMs }: NamesOperation): void {
    for (const { directory, name, inode } of changes) {
      const names = this.#directories.get(directory);
      this.#modifiedMs.set(directory, atMs);
      if (inode === undefined) names?.delete(name);
      else names?.set(name, inode);
    }
  }

  crash({ writes, names, random }: CrashOptions): MemoryFileSystem {
    for (const file of this.#files.values()) {
      for (const { operation } of keptWrites(file.pending, writes, random))
        applyPart(file, operation, writes, random);
    }
    for (const { operation } of kept(this.#pendingNames, names, random))
      this.#applyNames(operation);
    const nodes = new Map<number, Node>();
    const root = this.#build(ROOT_INODE, nodes) as DirectoryNode;
    return new MemoryFileSystem({ disk: new MemoryDisk(root, this.#highestInode + 1) });
  }

  #build(inode: number, nodes: Map<number, Node>): Node {
    const known = nodes.get(inode);
    if (known) return known;
    const names = this.#directories.get(inode);
    if (!names) {
      const file: FileNode = { inode, kind: "file", ...this.#files.get(inode)! };
      nodes.set(inode, file);
      return file;
    }
    const modifiedMs = this.#modifiedMs.get(inode) ?? 0;
    const directory: DirectoryNode = { inode, kind: "directory", names: new Map(), modifiedMs };
    nodes.set(inode, directory);
    for (const [name, child] of names) directory.names.set(name, this.#build(child, nodes));
    return directory;
  }
}

function kept<Operation>(
  pending: readonly Pending<Operation>[],
  mode: LostNames,
  random: SeededRandom,
): readonly Pending<Operation>[] {
  if (mode === "none-kept") return [];
  if (mode === "all-kept") return pending;
  if (mode === "prefix") return pending.slice(0, random.nextInt(pending.length + 1));
  return pending.filter(() => random.chance(0.5));
}

function keptWrites(
  pending: readonly Pending<WriteOperation>[],
  mode: LostWrites,
  random: SeededRandom,
): readonly Pending<WriteOperation>[] {
  return kept(pending, mode === "torn" || mode === "zeros" ? "all-kept" : mode, random);
}

function applyWhole(file: DurableFile, operation: WriteOperation): void {
  file.modifiedMs = operation.atMs;
  if (operation.kind === "truncate") resize(file, operation.sizeBytes);
  else writeInto(file, operation.position, operation.bytes);
}

/** Applies a write as the mode has it: whole, or without some of its sectors, which then read as they were or as zeros. */
function applyPart(
  file: DurableFile,
  operation: WriteOperation,
  mode: LostWrites,
  random: SeededRandom,
): void {
  if (operation.kind === "truncate" || mode === "all-kept") {
    applyWhole(file, operation);
    return;
  }
  const { position, bytes, atMs } = operation;
  file.modifiedMs = atMs;
  if (mode === "prefix") {
    writeInto(
      file,
      position,
      bytes.subarray(0, random.chance(0.5) ? bytes.length : random.nextInt(bytes.length + 1)),
    );
    return;
  }
  const end = position + bytes.length;
  // The size may reach the disk before the data.
  if (end > file.sizeBytes && (mode === "zeros" || random.chance(0.5))) resize(file, end);
  for (let start = position; start < end;) {
    const next = Math.min(end, (Math.floor(start / SECTOR_BYTES) + 1) * SECTOR_BYTES);
    const arrives = mode === "zeros" ? random.chance(0.2) : random.chance(0.5);
    if (arrives) writeInto(file, start, bytes.subarray(start - position, next - position));
    start = next;
  }
}
