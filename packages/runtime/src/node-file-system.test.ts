import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { NodeFileSystem } from "./node-file-system.ts";

const fileSystem = new NodeFileSystem();
let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "ottla-fs-"));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe("the machine's file system", () => {
  test("writes chunks at a position and reads them back, from shared memory too", async () => {
    const handle = fileSystem.openSync(join(directory, "chunks"), "create");
    const shared = new Uint8Array(new SharedArrayBuffer(3)).fill(7);
    expect(handle.writeSync([Uint8Array.of(1, 2), shared, Uint8Array.of(9)], 5)).toBe(6);
    expect(handle.writeSync([], 0)).toBe(0);
    await handle.dataSync();
    expect(handle.sizeBytes()).toBe(11);
    const target = new Uint8Array(new SharedArrayBuffer(20));
    expect(await handle.read(target, 5)).toBe(6);
    expect([...target.subarray(0, 6)]).toEqual([1, 2, 7, 7, 7, 9]);
    expect(handle.readSync(target, 11)).toBe(0);
    handle.truncateSync(6);
    handle.dataSyncNow();
    expect(handle.sizeBytes()).toBe(6);
    handle.closeSync();
    handle.closeSync();
  });

  test("writes more chunks in one call than the kernel takes", () => {
    const handle = fileSystem.openSync(join(directory, "many"), "create");
    const chunks = Array.from({ length: 3000 }, (_, index) => Uint8Array.of(index));
    expect(handle.writeSync(chunks, 0)).toBe(3000);
    handle.closeSync();
    expect(fileSystem.readFileSync(join(directory, "many"))[2999]).toBe(2999 & 255);
  });

  test("keeps to the open modes", () => {
    const path = join(directory, "modes");
    expect(() => fileSystem.openSync(path, "read")).toThrow(/ENOENT/);
    fileSystem.openSync(path, "write").closeSync();
    expect(() => fileSystem.openSync(path, "create")).toThrow(/EEXIST/);
    const handle = fileSystem.openSync(path, "read");
    expect(() => handle.writeSync([Uint8Array.of(1)], 0)).toThrow(/EBADF/);
    handle.closeSync();
  });

  test("renames, links, lists and removes names", async () => {
    const nested = join(directory, "a/b");
    fileSystem.makeDirectorySync(nested);
    writeFileSync(join(nested, "one"), "x");
    fileSystem.linkSync(join(nested, "one"), join(nested, "two"));
    fileSystem.renameSync(join(nested, "one"), join(nested, "zero"));
    await fileSystem.syncDirectory(nested);
    fileSystem.syncDirectoryNow(nested);
    expect(fileSystem.listSync(nested)).toEqual(["two", "zero"]);
    expect(fileSystem.statSync(nested).isDirectory).toBe(true);
    fileSystem.removeSync(join(nested, "two"));
    await fileSystem.remove(join(nested, "two"));
    expect(fileSystem.existsSync(join(nested, "two"))).toBe(false);
    await fileSystem.removeDirectory(join(directory, "a"));
    await fileSystem.removeDirectory(join(directory, "a"));
    expect(fileSystem.existsSync(nested)).toBe(false);
    const { freeBytes, totalBytes } = await fileSystem.volumeSpace(directory);
    expect(freeBytes).toBeGreaterThan(0);
    expect(totalBytes).toBeGreaterThanOrEqual(freeBytes);
  });
});

describe("the lock of a directory", () => {
  test("is held once and released once", () => {
    const lock = fileSystem.lockDirectory(directory);
    expect("release" in lock).toBe(true);
    expect(fileSystem.lockDirectory(directory)).toEqual({ heldBy: process.pid });
    if ("release" in lock) lock.release();
    const again = fileSystem.lockDirectory(directory);
    expect("release" in again).toBe(true);
    if ("release" in again) again.release();
    expect(readdirSync(directory).filter((name) => name.startsWith(".lock"))).toEqual([]);
  });

  test("is taken over from a process that is dead, whose id was reused, or that ran before a reboot", () => {
    const dead = spawnSync(process.execPath, ["-e", ""]).pid;
    const lock = fileSystem.lockDirectory(directory);
    const path = join(directory, ".lock");
    const [, startTicks, bootId] = readFileSync(path, "utf8").split("\n");
    if ("release" in lock) lock.release();
    for (const content of [
      `${dead}\n${startTicks}\n${bootId}\n`,
      `${process.pid}\n1\n${bootId}\n`,
      `1\n${startTicks}\nanother-boot\n`,
      "",
      "rubbish",
    ]) {
      writeFileSync(path, content);
      const taken = fileSystem.lockDirectory(directory);
      expect("release" in taken, JSON.stringify(content)).toBe(true);
      if ("release" in taken) taken.release();
    }
  });

  test("that a running process holds is not taken", () => {
    const path = join(directory, ".lock");
    const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const parent = readFileSync(`/proc/${process.ppid}/stat`, "utf8");
    const startTicks = parent.slice(parent.lastIndexOf(")") + 2).split(" ")[19];
    writeFileSync(path, `${process.ppid}\n${startTicks}\n${bootId}\n`);
    expect(fileSystem.lockDirectory(directory)).toEqual({ heldBy: process.ppid });
    rmSync(path);
  });
});
