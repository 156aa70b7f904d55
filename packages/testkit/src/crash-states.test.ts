import { describe, expect, test } from "vitest";
import { buildCrashState, LOST_NAMES, LOST_WRITES } from "./crash-states.ts";
import { MemoryFileSystem } from "./memory-file-system.ts";
import { SeededRandom } from "./seeded-random.ts";

const text = (content: string): Uint8Array => new TextEncoder().encode(content);

function states(
  fileSystem: MemoryFileSystem,
  path: string,
  operations = fileSystem.trace.length,
): Set<string> {
  const found = new Set<string>();
  for (const writes of LOST_WRITES) {
    for (const names of LOST_NAMES) {
      for (let seed = 0; seed < 20; seed++) {
        const state = buildCrashState(fileSystem.trace, {
          operations,
          writes,
          names,
          random: new SeededRandom(seed),
        });
        found.add(
          state.existsSync(path) ? new TextDecoder().decode(state.readFileSync(path)) : "(missing)",
        );
      }
    }
  }
  return found;
}

function write(fileSystem: MemoryFileSystem, path: string, content: string, position = 0): void {
  const handle = fileSystem.openSync(path, "write");
  handle.writeSync([text(content)], position);
  handle.closeSync();
}

function sync(fileSystem: MemoryFileSystem, path: string): void {
  const handle = fileSystem.openSync(path, "write");
  handle.dataSyncNow();
  handle.closeSync();
}

describe("a power loss", () => {
  test("may drop, cut, tear or zero what was not synced", () => {
    const fileSystem = new MemoryFileSystem();
    write(fileSystem, "/a", "x".repeat(1000));
    fileSystem.syncDirectoryNow("/");
    const found = states(fileSystem, "/a");
    expect(found).toContain("");
    expect(found).toContain("x".repeat(1000));
    expect(found).toContain("\0".repeat(1000));
    expect(found).toContain("\0".repeat(512) + "x".repeat(488));
    expect(found).not.toContain("(missing)");
  });

  test("keeps what was synced before it, and not what came after the sync", () => {
    const fileSystem = new MemoryFileSystem();
    write(fileSystem, "/a", "synced");
    sync(fileSystem, "/a");
    fileSystem.syncDirectoryNow("/");
    expect(states(fileSystem, "/a")).toEqual(new Set(["synced"]));
    write(fileSystem, "/a", "later", 6);
    expect(states(fileSystem, "/a")).toContain("synced");
    expect(states(fileSystem, "/a")).toContain("syncedlater");
  });

  test("may lose a name without a directory sync, though its file was synced", () => {
    const fileSystem = new MemoryFileSystem();
    write(fileSystem, "/a", "synced");
    sync(fileSystem, "/a");
    expect(states(fileSystem, "/a")).toEqual(new Set(["(missing)", "synced"]));
  });

  test("leaves a rename done or not done, never half", () => {
    const fileSystem = new MemoryFileSystem();
    write(fileSystem, "/a", "old");
    write(fileSystem, "/a.tmp", "new");
    sync(fileSystem, "/a");
    sync(fileSystem, "/a.tmp");
    fileSystem.syncDirectoryNow("/");
    fileSystem.renameSync("/a.tmp", "/a");
    expect(states(fileSystem, "/a")).toEqual(new Set(["old", "new"]));
    fileSystem.syncDirectoryNow("/");
    expect(states(fileSystem, "/a")).toEqual(new Set(["new"]));
    expect(states(fileSystem, "/a.tmp")).toEqual(new Set(["(missing)"]));
  });

  test("shows that a sync after a failed one covered nothing of what failed", () => {
    const fileSystem = new MemoryFileSystem();
    write(fileSystem, "/a", "first");
    fileSystem.syncDirectoryNow("/");
    fileSystem.faults.add({ call: "dataSync", nth: 1, code: "EIO" });
    expect(() => sync(fileSystem, "/a")).toThrow(/EIO/);
    sync(fileSystem, "/a");
    expect(new TextDecoder().decode(fileSystem.readFileSync("/a"))).toBe("first");
    expect(states(fileSystem, "/a")).toEqual(new Set([""]));
  });

  test("does not let a sync cover writes made while it ran", async () => {
    const fileSystem = new MemoryFileSystem();
    write(fileSystem, "/a", "one");
    fileSystem.syncDirectoryNow("/");
    const handle = fileSystem.openSync("/a", "write");
    const synced = handle.dataSync();
    handle.writeSync([text("two")], 3);
    await synced;
    expect(states(fileSystem, "/a")).toContain("one");
  });

  test("gives a state that goes on working", () => {
    const fileSystem = new MemoryFileSystem();
    fileSystem.makeDirectorySync("/d");
    write(fileSystem, "/d/a", "x");
    const state = buildCrashState(fileSystem.trace, {
      operations: fileSystem.trace.length,
      writes: "all-kept",
      names: "all-kept",
      random: new SeededRandom(1),
    });
    write(state, "/d/b", "y");
    expect(state.listSync("/d")).toEqual(["a", "b"]);
  });
});

describe("the memory file system", () => {
  test("runs out of space with a short write, then with ENOSPC, and takes writes again when space is back", () => {
    const fileSystem = new MemoryFileSystem({ capacityBytes: 10 });
    const handle = fileSystem.openSync("/a", "create");
    expect(handle.writeSync([text("12345678")], 0)).toBe(8);
    expect(handle.writeSync([text("abc"), text("def")], 8)).toBe(2);
    expect(() => handle.writeSync([text("x")], 10)).toThrow(/ENOSPC/);
    handle.truncateSync(4);
    expect(handle.writeSync([text("ok")], 4)).toBe(2);
  });

  test("fails the nth call on a path, once or for ever", () => {
    const fileSystem = new MemoryFileSystem();
    fileSystem.faults.add({ call: "open", path: "b", nth: 2, code: "EMFILE" });
    fileSystem.openSync("/a", "write");
    fileSystem.openSync("/b", "write");
    expect(() => fileSystem.openSync("/b", "write")).toThrow(/EMFILE/);
    fileSystem.openSync("/b", "write");
    fileSystem.faults.add({ call: "open", nth: 1, code: "EIO", forever: true });
    for (let index = 0; index < 3; index++)
      expect(() => fileSystem.openSync("/a", "write")).toThrow(/EIO/);
  });
});

describe("a disk that goes on after a power loss", () => {
  test("keeps what was durable before, through the next loss", () => {
    const first = new MemoryFileSystem();
    write(first, "/old", "durable");
    sync(first, "/old");
    first.syncDirectoryNow("/");
    const random = new SeededRandom(1);
    const lost = { writes: "none-kept", names: "none-kept", random } as const;
    const second = buildCrashState(first.trace, { operations: first.trace.length, ...lost });
    write(second, "/old", "written over");
    write(second, "/new", "never synced");
    const third = buildCrashState(second.trace, {
      operations: second.trace.length,
      base: second.disk.base,
      ...lost,
    });
    expect(new TextDecoder().decode(third.readFileSync("/old"))).toBe("durable");
    expect(third.existsSync("/new")).toBe(false);
    expect(third.disk.usedBytes).toBe(7);
  });

  test("takes nothing more from a process that has died", () => {
    const fileSystem = new MemoryFileSystem();
    write(fileSystem, "/file", "before");
    fileSystem.faults.dieAfter(1);
    const { length } = fileSystem.trace;
    const handle = fileSystem.openSync("/file", "write");
    expect(() => handle.writeSync([text("after")], 0)).toThrow("EIO");
    expect(() => handle.dataSyncNow()).toThrow("EIO");
    expect(() => fileSystem.removeSync("/file")).toThrow("EIO");
    expect(fileSystem.trace.length).toBe(length);
  });
});
