import { silentLogger } from "@ottla/runtime";
import { buildTestBatch, MemoryFileSystem, SimulatedClock } from "@ottla/testkit";
import { describe, expect, test } from "vitest";
import {
  readDirectoryIdentity,
  writeDirectoryIdentityNow,
} from "../checkpoint/directory-identity.ts";
import {
  OffsetCheckpoint,
  RECOVERY_POINT_CHECKPOINT,
  SYNC_FAILURE_CHECKPOINT,
} from "../checkpoint/offset-checkpoint.ts";
import { LOG_DIRECTORY, LogHarness } from "../log/log-harness.test.ts";
import { recover } from "./recover-directory.ts";

const partition = { topic: "topic", partition: 0 };
const options = (fileSystem: MemoryFileSystem): Parameters<typeof recover>[1] => ({
  fileSystem,
  clock: new SimulatedClock(),
  logger: silentLogger,
});

function killed(): MemoryFileSystem {
  const fileSystem = new MemoryFileSystem();
  const harness = new LogHarness({ fileSystem });
  for (let index = 0; index < 3; index++) harness.append(buildTestBatch({ records: 2 }));
  harness.log.abandon();
  const handle = fileSystem.openSync(`${LOG_DIRECTORY}/00000000000000000000.log`, "write");
  handle.writeSync([new Uint8Array(17)], handle.sizeBytes());
  return fileSystem;
}

describe("recovering a directory", () => {
  test("reports what was done, and leaves nothing to do for the next start", async () => {
    const fileSystem = killed();
    expect(await recover("/data", options(fileSystem))).toMatchObject({
      cleanShutdown: false,
      partitions: [{ ...partition, recoveredFromOffset: 0, logEndOffset: 6, truncatedBytes: 17 }],
    });
    const again = await recover("/data", options(fileSystem));
    expect(again).toMatchObject({
      cleanShutdown: true,
      partitions: [{ recoveredFromOffset: 6, logEndOffset: 6, truncatedBytes: 0 }],
    });
  });

  test("keeps the directory marked unclean while a partition is damaged", async () => {
    const fileSystem = killed();
    new OffsetCheckpoint(fileSystem, "/data", RECOVERY_POINT_CHECKPOINT).writeNow([
      { ...partition, offset: 9 },
    ]);
    for (let round = 0; round < 2; round++) {
      const report = await recover("/data", options(fileSystem));
      expect(report.cleanShutdown).toBe(false);
      expect(report.partitions[0]?.offlineReason).toMatch(/although offsets up to 9 were synced/);
    }
  });

  test("trusts nothing beyond the last successful sync after one failed", async () => {
    const fileSystem = killed();
    new OffsetCheckpoint(fileSystem, "/data", SYNC_FAILURE_CHECKPOINT).writeNow([
      { ...partition, offset: 4 },
    ]);
    expect((await recover("/data", options(fileSystem))).partitions).toMatchObject([
      { logEndOffset: 4 },
    ]);
    expect(fileSystem.existsSync(`/data/${SYNC_FAILURE_CHECKPOINT}`)).toBe(false);
  });

  test("refuses a directory that is in use", async () => {
    const fileSystem = killed();
    fileSystem.lockDirectory("/data");
    await expect(recover("/data", options(fileSystem))).rejects.toThrow(/in use by process/);
  });
});

describe("the identity of a directory", () => {
  const path = "/data/meta.properties";
  const write = (fileSystem: MemoryFileSystem, text: string): void => {
    fileSystem.removeSync(path);
    fileSystem.openSync(path, "create").writeSync([new TextEncoder().encode(text)], 0);
  };

  test("is read as it was written", () => {
    const fileSystem = killed();
    expect(readDirectoryIdentity(fileSystem, "/data")).toBeUndefined();
    const identity = { clusterId: "c-1", nodeId: 3, directoryId: "AAAAAAAAAAAAAAAAAAAAAg" };
    writeDirectoryIdentityNow(fileSystem, "/data", identity);
    expect(readDirectoryIdentity(fileSystem, "/data")).toEqual(identity);
  });

  test.each([
    ["version=1\ncluster.id=c\nnode.id=1\nottla.format=2\n", /written by a newer Ottla/],
    ["version=2\ncluster.id=c\nnode.id=1\n", /version 2/],
    ["version=1\nnode.id=1\n", /cluster.id is missing/],
    ["version=1\ncluster.id=c\nnode.id=x\n", /node.id/],
    ["", /version missing/],
  ])("of another format or without sense is refused in one line: %j", (text, message) => {
    const fileSystem = killed();
    write(fileSystem, text);
    expect(() => readDirectoryIdentity(fileSystem, "/data")).toThrow(message);
  });

  test("of Apache Kafka is understood", () => {
    const fileSystem = killed();
    write(fileSystem, "#\n#Sun Nov 22\ncluster.id=abc\ndirectory.id=xyz\nnode.id=1\nversion=1\n");
    expect(readDirectoryIdentity(fileSystem, "/data")).toEqual({
      clusterId: "abc",
      nodeId: 1,
      directoryId: "xyz",
    });
  });
});
