import { systemError } from "./faults.ts";
import { ROOT_INODE, type DiskOperation, type NameChange } from "./disk-operation.ts";

export interface FileNode {
  readonly inode: number;
  readonly kind: "file";
  content: Uint8Array;
  sizeBytes: number;
  modifiedMs: number;
}

export interface DirectoryNode {
  readonly inode: number;
  readonly kind: "directory";
  readonly names: Map<string, Node>;
  modifiedMs: number;
}

export type Node = FileNode | DirectoryNode;

const INITIAL_BYTES = 256;

/** Files and directories as the running process sees them, and a trace of what was done to them. */
export class MemoryDisk {
  readonly root: DirectoryNode;
  /** What was on the disk, durably, before the first operation of the trace. */
  readonly base: DirectoryNode;
  readonly trace: DiskOperation[] = [];
  usedBytes = 0;
  /** The time that changes are stamped with. */
  nowMs: () => number = () => 0;
  #nextInode: number;

  constructor(root?: DirectoryNode, nextInode = ROOT_INODE + 1) {
    this.root = root ?? {
      inode: ROOT_INODE,
      kind: "directory",
      names: new Map(),
      modifiedMs: 0,
    };
    this.base = copyOf(this.root, new Map()) as DirectoryNode;
    this.#nextInode = nextInode;
    for (const file of filesBelow(this.root, new Set())) this.usedBytes += file.sizeBytes;
  }

  find(path: string): Node | undefined {
    let node: Node | undefined = this.root;
    for (const part of partsOf(path))
      node = node?.kind === "directory" ? node.names.get(part) : undefined;
    return node;
  }

  directory(path: string): DirectoryNode {
    const node = this.find(path);
    if (!node) throw systemError("ENOENT", "open", path);
    if (node.kind !== "directory") throw systemError("ENOTDIR", "open", path);
    return node;
  }

  parentOf(path: string): { parent: DirectoryNode; name: string } {
    const parts = partsOf(path);
    const name = parts.pop();
    if (name === undefined) throw systemError("EINVAL", "open", path);
    return { parent: this.directory(`/${parts.join("/")}`), name };
  }

  createFile(path: string): FileNode {
    const { parent, name } = this.parentOf(path);
    const file: FileNode = {
      inode: this.#nextInode++,
      kind: "file",
      content: new Uint8Array(INITIAL_BYTES),
      sizeBytes: 0,
      modifiedMs: this.nowMs(),
    };
    this.trace.push({ kind: "create", inode: file.inode, isDirectory: false });
    this.setNames([{ directory: parent, name, node: file }]);
    return file;
  }

  createDirectory(path: string): DirectoryNode {
    const { parent, name } = this.parentOf(path);
    const directory: DirectoryNode = {
      inode: this.#nextInode++,
      kind: "directory",
      names: new Map(),
      modifiedMs: this.nowMs(),
    };
    this.trace.push({ kind: "create", inode: directory.inode, isDirectory: true });
    this.setNames([{ directory: parent, name, node: directory }]);
    return directory;
  }

  setNames(
    changes: readonly { directory: DirectoryNode; name: string; node: Node | undefined }[],
  ): void {
    const recorded: NameChange[] = [];
    const atMs = this.nowMs();
    for (const { directory, name, node } of changes) {
      if (node) directory.names.set(name, node);
      else directory.names.delete(name);
      directory.modifiedMs = atMs;
      recorded.push({ directory: directory.inode, name, inode: node?.inode });
    }
    this.trace.push({ kind: "names", changes: recorded, atMs });
  }

  write(file: FileNode, position: number, bytes: Uint8Array): void {
    const copy = Uint8Array.from(bytes);
    const atMs = this.nowMs();
    this.trace.push({ kind: "write", inode: file.inode, position, bytes: copy, atMs });
    file.modifiedMs = atMs;
    const before = file.sizeBytes;
    writeInto(file, position, copy);
    this.usedBytes += file.sizeBytes - before;
  }

  truncate(file: FileNode, sizeBytes: number): void {
    const atMs = this.nowMs();
    this.trace.push({ kind: "truncate", inode: file.inode, sizeBytes, atMs });
    file.modifiedMs = atMs;
    this.usedBytes += sizeBytes - file.sizeBytes;
    resize(file, sizeBytes);
  }
}

/** A deep copy; hard links stay links. */
function copyOf(node: Node, copies: Map<number, Node>): Node {
  const known = copies.get(node.inode);
  if (known) return known;
  if (node.kind === "file") {
    const file = { ...node, content: node.content.slice(0, node.sizeBytes) };
    copies.set(node.inode, file);
    return file;
  }
  const directory: DirectoryNode = { ...node, names: new Map() };
  copies.set(node.inode, directory);
  for (const [name, child] of node.names) directory.names.set(name, copyOf(child, copies));
  return directory;
}

/** Every file once, however many names it has. */
export function* filesBelow(node: Node, seen: Set<number>): Generator<FileNode, void, undefined> {
  if (seen.has(node.inode)) return;
  seen.add(node.inode);
  if (node.kind === "file") yield node;
  else for (const child of node.names.values()) yield* filesBelow(child, seen);
}

export function partsOf(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}

export function writeInto(
  file: { content: Uint8Array; sizeBytes: number },
  position: number,
  bytes: Uint8Array,
): void {
  const end = position + bytes.length;
  if (end > file.sizeBytes) resize(file, end);
  file.content.set(bytes, position);
}

/** Grows with zeros or cuts; cut bytes read as zeros when the file grows again. */
export function resize(file: { content: Uint8Array; sizeBytes: number }, sizeBytes: number): void {
  if (sizeBytes < file.sizeBytes) file.content.fill(0, sizeBytes, file.sizeBytes);
  if (sizeBytes > file.content.length) {
    const larger = new Uint8Array(Math.max(sizeBytes, file.content.length * 2));
    larger.set(file.content.subarray(0, file.sizeBytes));
    file.content = larger;
  }
  file.sizeBytes = sizeBytes;
}
