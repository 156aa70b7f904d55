import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { MemoryFileSystem } from "./memory-file-system.ts";
import { NodeFileSystem } from "./node-file-system.ts";
import type { FileSystem } from "./file-system.ts";

const onDisk = mkdtempSync(join(tmpdir(), "ottla-fs-"));
afterAll(() => rmSync(onDisk, { recursive: true }));

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
const bytes = (content: string): Uint8Array => Buffer.from(content);

const both: [string, () => { fileSystem: FileSystem; root: string }][] = [
  ["NodeFileSystem", () => ({ fileSystem: new NodeFileSystem(), root: mkdtempSync(join(onDisk, "t-")) })],
  ["MemoryFileSystem", () => {
    const fileSystem = new MemoryFileSystem(() => 7);
    fileSystem.makeDirectorySync("/root/t");
    return { fileSystem, root: "/root/t" };
  }],
];

describe.each(both)("%s", (_name, make) => {
  test("reads back what was written at a position, across any page", () => {
    const { fileSystem, root } = make();
    const file = fileSystem.openSync(`${root}/a`, "create");
    const big = Buffer.alloc(200_000, "abcdefg");
    expect(file.writeSync([big.subarray(0, 70_000), big.subarray(70_000)], 10)).toBe(200_000);
    const target = new Uint8Array(200_000);
    expect(file.readSync(target, 10)).toBe(200_000);
    expect(Buffer.compare(target, big)).toBe(0);
    expect(file.sizeBytes()).toBe(200_010);
    expect(file.readSync(target, 200_005)).toBe(5);
    expect(file.readSync(target, 300_000)).toBe(0);
    file.closeSync();
  });

  test("bytes beyond a cut are gone, also when the file grows again", () => {
    const { fileSystem, root } = make();
    const file = fileSystem.openSync(`${root}/a`, "write");
    file.writeSync([bytes("hello world")], 0);
    file.truncateSync(5);
    file.writeSync([bytes("!")], 8);
    expect(text(fileSystem.readFileSync(`${root}/a`))).toBe("hello\0\0\0!");
    file.closeSync();
  });

  test("a file and a directory with all in it keep their content when renamed", () => {
    const { fileSystem, root } = make();
    fileSystem.makeDirectorySync(`${root}/d/e`);
    const file = fileSystem.openSync(`${root}/d/e/a`, "create");
    file.writeSync([bytes("x")], 0);
    file.closeSync();
    fileSystem.renameSync(`${root}/d/e/a`, `${root}/d/e/b`);
    fileSystem.renameSync(`${root}/d`, `${root}/f`);
    expect(fileSystem.listSync(root)).toEqual(["f"]);
    expect(text(fileSystem.readFileSync(`${root}/f/e/b`))).toBe("x");
    expect(fileSystem.existsSync(`${root}/d`)).toBe(false);
  });

  test("an open file stays readable after its name is gone, and a link outlives the first name", async () => {
    const { fileSystem, root } = make();
    const file = fileSystem.openSync(`${root}/a`, "create");
    file.writeSync([bytes("x")], 0);
    fileSystem.linkSync(`${root}/a`, `${root}/b`);
    fileSystem.removeSync(`${root}/a`);
    await fileSystem.remove(`${root}/never-existed`);
    expect(text(fileSystem.readFileSync(`${root}/b`))).toBe("x");
    const target = new Uint8Array(1);
    expect(await file.read(target, 0)).toBe(1);
    file.closeSync();
  });

  test.each([
    ["opening what is missing", "ENOENT", (fs: FileSystem, root: string) => fs.openSync(`${root}/no`, "read")],
    ["reading what is missing", "ENOENT", (fs: FileSystem, root: string) => fs.readFileSync(`${root}/no`)],
    ["creating twice", "EEXIST", (fs: FileSystem, root: string) => {
      fs.openSync(`${root}/a`, "create").closeSync();
      fs.openSync(`${root}/a`, "create");
    }],
  ])("%s fails with %s", (_what, code, act) => {
    const { fileSystem, root } = make();
    expect(() => act(fileSystem, root)).toThrow(expect.objectContaining({ code }));
  });

  test("a directory is locked by one owner at a time", async () => {
    const { fileSystem, root } = make();
    const lock = fileSystem.lockDirectory(root);
    if ("heldBy" in lock) throw new Error("the directory should have been free");
    expect(fileSystem.lockDirectory(root)).toEqual({ heldBy: process.pid });
    lock.release();
    const again = fileSystem.lockDirectory(root);
    expect("heldBy" in again).toBe(false);
    if (!("heldBy" in again)) again.release();
    await fileSystem.removeDirectory(root);
    expect(fileSystem.existsSync(root)).toBe(false);
  });
});
