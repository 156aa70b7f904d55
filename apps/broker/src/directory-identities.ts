import { join } from "node:path";
import {
  StorageError,
  readDirectoryIdentity,
  writeDirectoryIdentityNow,
  type DirectoryIdentity,
} from "@ottla/storage";
import type { FileSystem, Random } from "@ottla/runtime";
import { StartError } from "./start-error.ts";

/** The metadata log lives beside the partitions, under a name that no topic can have. */
export const METADATA_DIRECTORY = "ottla.metadata";

const ID_BYTES = 16;

/** What KRaft brokers and controllers keep in the first of their log directories, and in all of them. */
const KAFKA_METADATA = ["__cluster_metadata-0", "bootstrap.checkpoint"];

export interface DirectoryIdentitiesOptions {
  readonly fileSystem: FileSystem;
  readonly random: Random;
  /** The log directories; the first holds the metadata. */
  readonly directories: readonly string[];
}

/**
 * Whose the log directories are: checked before anything in them is touched. All of a broker have the same
 * cluster and node id, and each has an id of its own (`directory.id`, KIP-858) that stays with it wherever
 * it is mounted.
 */
export class DirectoryIdentities {
  readonly #options: DirectoryIdentitiesOptions;
  readonly #found = new Map<string, DirectoryIdentity>();
  readonly #drawn = new Map<string, string>();

  constructor(options: DirectoryIdentitiesOptions) {
    this.#options = options;
  }

  /** The cluster that the directories belong to; undefined when all are new. Throws StartError when they are not ours. */
  check(nodeId: number): string | undefined {
    const { directories } = this.#options;
    for (const directory of directories) {
      const identity = this.#read(directory);
      if (identity === undefined) continue;
      if (identity.nodeId !== nodeId) {
        throw new StartError(
          `the data directory ${directory} belongs to node ${identity.nodeId}, this is node ${nodeId}: set node.id=${identity.nodeId}, or name another directory with --data-dir`,
        );
      }
      this.#found.set(directory, identity);
    }
    this.#mustAgree();
    this.#metadataMustComeFirst();
    const [any] = this.#found.values();
    return any?.clusterId;
  }

  /** Drawn for a directory that has none yet; `write` makes it last. */
  idOf(directory: string): string {
    const known = this.#found.get(directory)?.directoryId || this.#drawn.get(directory);
    if (known) return known;
    const drawn = newDirectoryId(this.#options.random);
    this.#drawn.set(directory, drawn);
    return drawn;
  }

  /** Into the given directories, whose locks the caller holds. Does nothing where it is written already. */
  write(identity: Omit<DirectoryIdentity, "directoryId">, directories: readonly string[]): void {
    for (const directory of directories) {
      if (this.#found.get(directory)?.directoryId) continue;
      const complete = { ...identity, directoryId: this.idOf(directory) };
      writeDirectoryIdentityNow(this.#options.fileSystem, directory, complete);
      this.#found.set(directory, complete);
    }
  }

  /** A directory that cannot be read is left to the engine, which starts without it if it is not the first. */
  #read(directory: string): DirectoryIdentity | undefined {
    const { fileSystem } = this.#options;
    if (KAFKA_METADATA.some((name) => fileSystem.existsSync(join(directory, name)))) {
      throw new StartError(
        `${directory} was written by Apache Kafka: make a data directory of it with "ottla adopt ${directory} --data-dir <new directory>", or name another directory with --data-dir`,
      );
    }
    try {
      return readDirectoryIdentity(fileSystem, directory);
    } catch (error) {
      if (error instanceof StorageError) {
        throw new StartError(`${error.message}, or name another directory with --data-dir`, {
          cause: error,
        });
      }
      const isDiskFailure = typeof (error as NodeJS.ErrnoException).syscall === "string";
      if (!isDiskFailure || directory === this.#options.directories[0]) throw error;
      return undefined;
    }
  }

  #mustAgree(): void {
    const byId = new Map<string, string>();
    const [first] = this.#found;
    for (const [directory, { clusterId, directoryId }] of this.#found) {
      if (first !== undefined && clusterId !== first[1].clusterId) {
        throw new StartError(
          `the data directory ${first[0]} belongs to cluster ${first[1].clusterId}, but ${directory} to cluster ${clusterId}: name only directories of one cluster in log.dirs`,
        );
      }
      const other = byId.get(directoryId);
      if (directoryId !== "" && other !== undefined) {
        throw new StartError(
          `the data directories ${other} and ${directory} have the same directory.id: one is a copy of the other; name only one of them in log.dirs`,
        );
      }
      byId.set(directoryId, directory);
    }
  }

  /** Started without its metadata, the broker would not know any of its topics. */
  #metadataMustComeFirst(): void {
    const { fileSystem, directories } = this.#options;
    const holds = (directory: string): boolean =>
      fileSystem.existsSync(join(directory, METADATA_DIRECTORY));
    const [first = "", ...others] = directories;
    if (holds(first)) return;
    const holder = others.find((directory) => this.#found.has(directory) && holds(directory));
    if (holder === undefined) return;
    throw new StartError(
      `the metadata of this broker lies in ${holder}: name that directory first in log.dirs`,
    );
  }
}

/** In Kafka's form: 22 characters of base64url, none of which starts with a dash that looks like a flag. */
export function newDirectoryId(random: Random): string {
  for (;;) {
    const text = Buffer.from(random.bytes(ID_BYTES)).toString("base64url");
    if (!text.startsWith("-")) return text;
  }
}
