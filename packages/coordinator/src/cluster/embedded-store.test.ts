import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  NodeFileSystem,
  silentLogger,
  type FileHandle,
  type FileSystem,
  type Logger,
} from "@ottla/runtime";
import { EmbeddedStore } from "./embedded-store.ts";
import { LOG_FILE, SNAPSHOT_FILE } from "./metadata-files.ts";
import { FILE_HEADER_BYTES } from "./metadata-frame.ts";
import type { MetadataUpdate, MetadataValue } from "./metadata-store.ts";

const SYNCED_MARK_BYTES = 13;

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "ottla-metadata-"));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

interface OpenOverrides {
  readonly fileSystem?: FileSystem;
  readonly snapshotThresholdBytes?: number;
  readonly logger?: Logger;
}

function open(overrides: OpenOverrides = {}): Promise<EmbeddedStore> {
  const fileSystem = new NodeFileSystem();
  return EmbeddedStore.open({ fileSystem, directory, logger: silentLogger, ...overrides });
}

function put(
  store: EmbeddedStore,
  key: string,
  value: MetadataValue | undefined,
  revision?: number,
) {
  const expect = revision === undefined ? [] : [{ key, revision }];
  return store.compareAndSet({ expect, changes: [{ key, value }] });
}

async function valuesOf(store: EmbeddedStore): Promise<Record<string, MetadataValue>> {
  const { entries } = await store.read();
  return Object.fromEntries([...entries].map(([key, { value }]) => [key, value]));
}

const logPath = (): string => join(directory, LOG_FILE);

describe("the embedded store", () => {
  it("starts empty at revision 0 and keeps what was committed over a restart", async () => {
    const store = await open();
    expect(await store.read()).toEqual({ revision: 0, entries: new Map() });
    await put(store, "a", { text: "x", list: [1, null, true] });
    await put(store, "b", 2);
    await put(store, "b", undefined);
    await store.close();

    const again = await open();
    const contents = await again.read();
    expect(contents.revision).toBe(3);
    expect([...contents.entries]).toEqual([
      ["a", { value: { text: "x", list: [1, null, true] }, revision: 1 }],
    ]);
    await again.close();
  });

  it("keeps what was acknowledged without being closed, as after kill -9", async () => {
    const store = await open();
    await put(store, "a", 1);
    const again = await open();
    expect(await valuesOf(again)).toEqual({ a: 1 });
    await again.close();
    await store.close();
  });

  it("refuses a transaction whose expectation does not hold, and changes nothing", async () => {
    const store = await open();
    expect(await put(store, "a", 1, 0)).toEqual({ ok: true, revision: 1 });
    expect(await put(store, "a", 2, 0)).toEqual({ ok: false, conflictKey: "a" });
    expect(await put(store, "a", 3, 1)).toEqual({ ok: true, revision: 2 });
    expect(await valuesOf(store)).toEqual({ a: 3 });
    await store.close();
  });

  it("decides transactions that share a frame one after the other", async () => {
    const store = await open();
    const results = await Promise.all([
      put(store, "a", 1, 0),
      put(store, "a", 2, 0),
      put(store, "a", 3, 1),
    ]);
    expect(results).toEqual([
      { ok: true, revision: 1 },
      { ok: false, conflictKey: "a" },
      { ok: true, revision: 2 },
    ]);
    await store.close();
    const again = await open();
    expect(await valuesOf(again)).toEqual({ a: 3 });
    await again.close();
  });

  it("syncs transactions that arrive together once", async () => {
    const disk = new FaultyDisk();
    const store = await open({ fileSystem: disk });
    disk.syncs = 0;
    await Promise.all(Array.from({ length: 50 }, (_, index) => put(store, `key${index}`, index)));
    expect(disk.syncs).toBe(1);
    await store.close();
  });

  it("tells a watcher of every revision once, in order, before the caller hears of it", async () => {
    const store = await open();
    const seen: MetadataUpdate[] = [];
    const stop = store.watch(0, (update) => seen.push(update));
    await put(store, "a", 1).then(() => expect(seen).toHaveLength(1));
    await Promise.all([put(store, "b", 2), put(store, "c", undefined)]);
    expect(seen.map(({ revision }) => revision)).toEqual([1, 2, 3]);
    expect(seen[2]?.changes).toEqual([{ key: "c", value: undefined }]);
    stop();
    await put(store, "d", 1);
    expect(seen).toHaveLength(3);
    await store.close();
  });

  it("gives a lease to one holder at a time", async () => {
    const store = await open();
    const lease = await store.lease("controller");
    expect(lease?.held).toBe(true);
    expect(await store.lease("controller")).toBeUndefined();
    await lease?.release();
    expect(lease?.held).toBe(false);
    expect((await store.lease("controller"))?.held).toBe(true);
    await store.close();
  });

  it("stores names such as __proto__ as ordinary keys", async () => {
    const store = await open();
    await put(store, "__proto__", { a: 1 });
    await store.close();
    const again = await open();
    expect((await again.read()).entries.get("__proto__")?.value).toEqual({ a: 1 });
    await again.close();
  });
});

describe("the metadata log on disk", () => {
  it("loses nothing acknowledged when the last frame is cut at any byte", async () => {
    const store = await open();
    await put(store, "kept", 1);
    const keptBytes = statSync(logPath()).size;
    await put(store, "torn", "a value of some length");
    await store.close();
    const whole = readFileSync(logPath()).subarray(0, -SYNCED_MARK_BYTES);
    for (let size = keptBytes; size < whole.length; size++) {
      writeFileSync(logPath(), whole.subarray(0, size));
      const cut = await open();
      expect(await valuesOf(cut)).toEqual({ kept: 1 });
      await put(cut, "next", size);
      await cut.close();
      const again = await open();
      expect(await valuesOf(again)).toEqual({ kept: 1, next: size });
      await again.close();
    }
  });

  it("cuts zeroes and garbage at the end, and says so in one line", async () => {
    const store = await open();
    await put(store, "a", 1);
    await store.close();
    appendFileSync(logPath(), Buffer.alloc(4096));
    appendFileSync(logPath(), Buffer.from("garbage"));
    const lines: string[] = [];
    const logger = { ...silentLogger, warn: (line: string) => lines.push(line) };
    const again = await open({ logger });
    expect(await valuesOf(again)).toEqual({ a: 1 });
    expect(lines).toEqual(["cut a torn frame from the end of the metadata log"]);
    await again.close();
  });

  it("refuses to start when a frame before the last is damaged, at every byte of it", async () => {
    const store = await open();
    await put(store, "first", 1);
    const firstEnd = statSync(logPath()).size - SYNCED_MARK_BYTES;
    await put(store, "second", 2);
    await store.close();
    const whole = readFileSync(logPath());
    for (let at = FILE_HEADER_BYTES; at < firstEnd; at++) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ 0x10;
      writeFileSync(logPath(), damaged);
      await expect(open()).rejects.toThrow(/damaged at byte 16 .*restore this file from a copy/);
      expect(readFileSync(logPath())).toEqual(damaged);
    }
  });

  it("refuses to start when the last frame is damaged after it was synced, at every byte of it", async () => {
    const store = await open();
    await put(store, "first", 1);
    await store.close();
    const whole = readFileSync(logPath());
    for (let at = FILE_HEADER_BYTES; at < whole.length - SYNCED_MARK_BYTES; at++) {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] ?? 0) ^ 0x10;
      writeFileSync(logPath(), damaged);
      await expect(open()).rejects.toThrow(/damaged at byte 16/);
    }
  });

  it("leaves no synced mark between frames, where a power loss could make it look like damage", async () => {
    const store = await open();
    await put(store, "a", 1);
    await put(store, "b", 2);
    await store.close();
    const withoutRestart = readFileSync(logPath());
    rmSync(logPath());
    for (const [key, value] of [
      ["a", 1],
      ["b", 2],
    ] as const) {
      const restarted = await open();
      await put(restarted, key, value);
      await restarted.close();
    }
    expect(readFileSync(logPath())).toEqual(withoutRestart);
  });

  it("refuses a newer format with one line and leaves the files alone", async () => {
    const store = await open();
    await store.close();
    const { encodeFileHeader } = await import("./metadata-frame.ts");
    const { crc32c } = await import("@ottla/protocol");
    const header = Buffer.from(encodeFileHeader("log"));
    header.writeUInt32BE(2, 8);
    header.writeUInt32BE(crc32c(header.subarray(0, 12)), 12);
    writeFileSync(logPath(), header);
    const failure = await open().then(
      () => "",
      (error: Error) => error.message,
    );
    expect(failure).toContain("has metadata format 2, this release reads 1");
    expect(failure).not.toContain("\n");
    expect(readFileSync(logPath())).toEqual(header);
  });

  it("refuses a file that is not ours, and an empty one", async () => {
    for (const bytes of ["#!/bin/sh\nexit 0 # long enough", ""]) {
      writeFileSync(logPath(), bytes);
      await expect(open()).rejects.toThrow(/is not an Ottla metadata log/);
    }
  });

  it("folds the log into a snapshot and goes on from both", async () => {
    const store = await open({ snapshotThresholdBytes: 200 });
    for (let index = 0; index < 40; index++) await put(store, `key${index % 5}`, index);
    await store.close();
    expect(statSync(logPath()).size).toBeLessThan(800);
    const again = await open();
    const contents = await again.read();
    expect(contents.revision).toBe(40);
    expect(await valuesOf(again)).toEqual({ key0: 35, key1: 36, key2: 37, key3: 38, key4: 39 });
    expect(contents.entries.get("key3")?.revision).toBe(39);
    await again.close();
  });

  it("skips the frames that a snapshot already holds, as after a crash between the two files", async () => {
    const store = await open();
    await put(store, "a", 1);
    await put(store, "a", 2);
    await store.close();
    const oldLog = readFileSync(logPath());
    const folding = await open({ snapshotThresholdBytes: 1 });
    await put(folding, "b", 3);
    await folding.close();
    expect(statSync(join(directory, SNAPSHOT_FILE)).size).toBeGreaterThan(FILE_HEADER_BYTES);
    writeFileSync(logPath(), oldLog);
    const again = await open();
    expect((await again.read()).revision).toBe(3);
    expect(await valuesOf(again)).toEqual({ a: 2, b: 3 });
    await put(again, "c", 4);
    await again.close();
    const last = await open();
    expect(await valuesOf(last)).toEqual({ a: 2, b: 3, c: 4 });
    await last.close();
  });

  it("refuses a damaged snapshot and a log that does not follow it", async () => {
    const store = await open({ snapshotThresholdBytes: 1 });
    await put(store, "a", 1);
    await put(store, "b", 1);
    await store.close();
    const snapshot = join(directory, SNAPSHOT_FILE);
    const whole = readFileSync(snapshot);
    truncateSync(snapshot, whole.length - 1);
    await expect(open()).rejects.toThrow(/metadata.snapshot is damaged/);
    rmSync(snapshot);
    const last = await open();
    await last.close();
    writeFileSync(snapshot, whole);
    const folded = await open();
    await put(folded, "c", 1);
    await folded.close();
    rmSync(snapshot);
    await expect(open()).rejects.toThrow(/jumps from revision 0 to 3/);
  });
});

describe("the embedded store on a failing disk", () => {
  it("refuses one change when the write fails, and takes the next", async () => {
    const disk = new FaultyDisk();
    const store = await open({ fileSystem: disk });
    await put(store, "a", 1);
    disk.failing = "write";
    await expect(put(store, "b", 2)).rejects.toThrow(/cannot write .*metadata.log: ENOSPC/);
    disk.failing = "short write";
    await expect(put(store, "b", 2)).rejects.toThrow(/short write/);
    disk.failing = undefined;
    expect(await put(store, "c", 3)).toEqual({ ok: true, revision: 2 });
    await store.close();
    const again = await open();
    expect(await valuesOf(again)).toEqual({ a: 1, c: 3 });
    await again.close();
  });

  it("acknowledges nothing after the first failed sync, even when the disk recovers", async () => {
    const disk = new FaultyDisk();
    const store = await open({ fileSystem: disk });
    await put(store, "a", 1);
    disk.failing = "sync";
    const both = await Promise.allSettled([put(store, "b", 2), put(store, "c", 3)]);
    expect(both.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    disk.failing = undefined;
    await expect(put(store, "d", 4)).rejects.toThrow(/read-only until the disk is repaired/);
    expect(await valuesOf(store)).toEqual({ a: 1 });
    await store.close();
  });

  it("refuses changes after it is closed", async () => {
    const store = await open();
    await store.close();
    await expect(put(store, "a", 1)).rejects.toThrow(/closed/);
  });
});

/** The machine's file system, with failures on demand. */
class FaultyDisk extends NodeFileSystem {
  failing: "write" | "short write" | "sync" | undefined;
  syncs = 0;

  override openSync(path: string, mode: "read" | "write" | "create"): FileHandle {
    const file = super.openSync(path, mode);
    return {
      path,
      writeSync: (chunks, position) => {
        if (this.failing === "write") throw new Error("ENOSPC: no space left on device");
        if (this.failing !== "short write") return file.writeSync(chunks, position);
        const first = chunks[0] ?? new Uint8Array();
        return file.writeSync([first.subarray(0, first.length >> 1)], position);
      },
      readSync: (target, position) => file.readSync(target, position),
      read: (target, position) => file.read(target, position),
      dataSync: () => {
        this.syncs++;
        if (this.failing === "sync") return Promise.reject(new Error("EIO: i/o error"));
        return file.dataSync();
      },
      dataSyncNow: () => file.dataSyncNow(),
      truncateSync: (sizeBytes) => file.truncateSync(sizeBytes),
      sizeBytes: () => file.sizeBytes(),
      closeSync: () => file.closeSync(),
    };
  }
}
