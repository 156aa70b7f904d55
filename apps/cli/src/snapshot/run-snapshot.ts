import { resolve } from "node:path";
import { NodeFileSystem, SystemRandom } from "@ottla/runtime";
import type { SnapshotManifest } from "@ottla/storage";
import { CommandError } from "../failure/exit.ts";
import { formatBytes } from "../output/progress.ts";
import { render } from "../output/render.ts";
import { printLines } from "../output/standard-output.ts";
import type { LoadFlags, SnapshotFlags } from "./command.ts";

export async function saveSnapshotCommand(name: string, { dataDir }: SnapshotFlags): Promise<void> {
  const { askBroker, saveStoppedSnapshot } = await import("@ottla/broker");
  const manifest = await explained(async () => {
    const answer = await askBroker(resolve(dataDir), { command: "save-snapshot", name });
    if (answer === undefined) return saveStoppedSnapshot(resolve(dataDir), name);
    if (!answer.ok) throw new CommandError(answer.message);
    return answer.manifest;
  });
  const { partitions } = manifest;
  await printLines([
    `saved "${name}": ${count(partitions.length, "partition")}, ${records(manifest)} records, ${formatBytes(bytes(manifest))}`,
  ]);
}

export async function listSnapshotsCommand({ dataDir, output }: SnapshotFlags): Promise<void> {
  const { listSnapshots } = await import("@ottla/storage");
  const snapshots = await explained(async () => listSnapshots(new NodeFileSystem(), dataDir));
  await render(output, {
    value: snapshots.map((manifest) => ({
      name: manifest.name,
      created: new Date(manifest.createdMs).toISOString(),
      partitions: manifest.partitions.length,
      records: records(manifest),
      bytes: bytes(manifest),
    })),
    columns: ["NAME", "CREATED", "PARTITIONS", "RECORDS", "SIZE"],
    rows: snapshots.map((manifest) => [
      manifest.name,
      new Date(manifest.createdMs).toISOString().slice(0, 19).replace("T", " "),
      String(manifest.partitions.length),
      String(records(manifest)),
      formatBytes(bytes(manifest)),
    ]),
    ifEmpty: `no snapshots in ${dataDir}; "ottla snapshot save NAME" makes one`,
  });
}

export async function loadSnapshotCommand(name: string, flags: LoadFlags): Promise<void> {
  const { loadSnapshot } = await import("@ottla/storage");
  const target = resolve(flags.to);
  const loaded = await explained(() =>
    loadSnapshot({
      fileSystem: new NodeFileSystem(),
      directory: resolve(flags.dataDir),
      name,
      target,
      directoryId: Buffer.from(new SystemRandom().bytes(16)).toString("base64url"),
    }),
  );
  await printLines([
    `made ${flags.to} of "${name}": ${count(loaded.partitions, "partition")}, ${formatBytes(loaded.linkedBytes)} shared, ${formatBytes(loaded.copiedBytes)} copied`,
    `start it with: ottla server --data-dir ${flags.to} --port 9093`,
  ]);
}

export async function deleteSnapshotCommand(
  name: string,
  { dataDir }: SnapshotFlags,
): Promise<void> {
  const { removeSnapshot } = await import("@ottla/storage");
  await explained(() => removeSnapshot(new NodeFileSystem(), resolve(dataDir), name));
  await printLines([`removed "${name}"`]);
}

/** What the disk refuses is said in one line. */
async function explained<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { StorageError } = await import("@ottla/storage");
    if (error instanceof StorageError) throw new CommandError(error.message);
    const { code, path } = error as NodeJS.ErrnoException;
    if (code !== undefined && path !== undefined) throw new CommandError(`${path}: ${code}`);
    throw error;
  }
}

function records({ partitions }: SnapshotManifest): number {
  return partitions.reduce((sum, one) => sum + one.logEndOffset - one.logStartOffset, 0);
}

function bytes({ partitions }: SnapshotManifest): number {
  return partitions.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
