import { StorageError } from "../log/storage-error.ts";
import type { SnapshotSource } from "../snapshot/save-snapshot.ts";
import type { SnapshotPartition } from "../snapshot/snapshot-manifest.ts";
import type { FileSystem } from "@ottla/runtime";
import type { AppendGate } from "./append-gate.ts";
import type { LinkedLogs } from "./host-calls.ts";
import type { HostLink } from "./host-link.ts";
import type { PartitionLog } from "./storage-engine.ts";

export interface EngineSnapshotSourceOptions {
  readonly directory: string;
  readonly fileSystem: FileSystem;
  readonly gate: AppendGate;
  /** The hosts that have logs. */
  readonly links: () => readonly HostLink[];
  readonly partitions: () => Iterable<PartitionLog>;
}

/** One log directory of a `LogEngine`, as a snapshot sees it. */
export class EngineSnapshotSource implements SnapshotSource {
  readonly directory: string;
  readonly fileSystem: FileSystem;
  isBeingSaved = false;
  readonly #options: EngineSnapshotSourceOptions;
  #linked: { readonly link: HostLink; readonly logs: LinkedLogs }[] = [];

  constructor(options: EngineSnapshotSourceOptions) {
    this.#options = options;
    this.directory = options.directory;
    this.fileSystem = options.fileSystem;
  }

  holdAppends(): () => void {
    return this.#options.gate.close();
  }

  async linkLogs(target: string): Promise<readonly SnapshotPartition[]> {
    for (const { topic, partition, online } of this.#options.partitions()) {
      if (!online)
        throw new StorageError(`${topic}-${partition} is offline, and a snapshot would miss it`, {
          fatal: false,
        });
    }
    this.#linked = await Promise.all(
      this.#options.links().map(async (link) => ({
        link,
        logs: await link.callHost("linkLogs", { target }),
      })),
    );
    return this.#linked.flatMap(({ logs }) => logs.partitions);
  }

  async settle(): Promise<void> {
    for (const { link, logs } of this.#linked) {
      await link.callHost("syncAll", undefined);
      await link.callHost("syncCopies", logs.copies);
    }
    this.#linked = [];
  }
}
