import { join } from "node:path";
import type { FileSystem } from "@ottla/runtime";
import { StartError } from "./start-error.ts";

/*
 * `meta.properties` says whose a data directory is, in Kafka's form:
 *
 *   version=1
 *   cluster.id=<22 characters>
 *   node.id=<number>
 *
 * It is written once, as temporary file, sync, rename and directory sync.
 */
const FILE_NAME = "meta.properties";
const TEMPORARY_NAME = `${FILE_NAME}.tmp`;
const NEWEST_VERSION = 1;

export interface Identity {
  readonly clusterId: string;
  readonly nodeId: number;
}

/** The identity of a data directory: checked before anything in it is touched. */
export class DirectoryIdentity {
  readonly #fileSystem: FileSystem;
  readonly #directory: string;

  constructor(fileSystem: FileSystem, directory: string) {
    this.#fileSystem = fileSystem;
    this.#directory = directory;
  }

  /** What the directory says of itself; undefined for a new one. Throws StartError when it is not ours. */
  check(nodeId: number): Identity | undefined {
    const path = join(this.#directory, FILE_NAME);
    if (!this.#fileSystem.existsSync(path)) return undefined;
    const found = parse(Buffer.from(this.#fileSystem.readFileSync(path)).toString());
    const version = Number(found.get("version"));
    if (version > NEWEST_VERSION) {
      throw new StartError(`${path} has format version ${version}, this release reads up to ${NEWEST_VERSION}: start the release that wrote it, or a newer one`);
    }
    const writtenNodeId = found.get("node.id");
    const clusterId = found.get("cluster.id");
    if (version !== NEWEST_VERSION || writtenNodeId === undefined || clusterId === undefined) {
      throw new StartError(`${path} is not readable as an identity: restore it, or name another directory with --data-dir`);
    }
    if (Number(writtenNodeId) !== nodeId) {
      throw new StartError(`the data directory ${this.#directory} belongs to node ${writtenNodeId}, this is node ${nodeId}: set node.id=${writtenNodeId}, or name another directory with --data-dir`);
    }
    return { clusterId, nodeId };
  }

  /** The caller holds the lock of the directory. Does nothing when it is written already. */
  async write(identity: Identity): Promise<void> {
    const path = join(this.#directory, FILE_NAME);
    if (this.#fileSystem.existsSync(path)) return;
    const temporary = join(this.#directory, TEMPORARY_NAME);
    this.#fileSystem.removeSync(temporary);
    const text = `version=${NEWEST_VERSION}\ncluster.id=${identity.clusterId}\nnode.id=${identity.nodeId}\n`;
    const bytes = Buffer.from(text);
    const file = this.#fileSystem.openSync(temporary, "create");
    try {
      if (file.writeSync([bytes], 0) !== bytes.length) throw new StartError(`could not write ${temporary}: is the disk full?`);
      await file.dataSync();
    } finally {
      file.closeSync();
    }
    this.#fileSystem.renameSync(temporary, path);
    await this.#fileSystem.syncDirectory(this.#directory);
  }
}

function parse(text: string): Map<string, string> {
  const lines = text.split("\n").filter((line) => line.includes("=") && !line.startsWith("#"));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf("=")).trim(), line.slice(line.indexOf("=") + 1).trim()]));
}
