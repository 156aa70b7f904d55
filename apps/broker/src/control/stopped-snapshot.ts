import { join } from "node:path";
import { EmbeddedStore } from "@ottla/coordinator";
import { NodeFileSystem, silentLogger, SystemClock, SystemRandom } from "@ottla/runtime";
import {
  LocalEngine,
  PARTITION_DIRECTORIES,
  readDirectoryIdentity,
  StorageError,
  type SnapshotManifest,
} from "@ottla/storage";
import { METADATA_DIRECTORY } from "../directory-identities.ts";

/** Longer than any snapshot takes: nothing is deleted while the settings of the topics are not known. */
const NEVER_MS = 2 ** 31 - 1;

/** Saves a snapshot of a data directory on which no broker runs. It is recovered first, if that is needed. */
export async function saveStoppedSnapshot(
  directory: string,
  name: string,
): Promise<SnapshotManifest> {
  const fileSystem = new NodeFileSystem();
  if (readDirectoryIdentity(fileSystem, directory) === undefined)
    throw new StorageError(`${directory} is no data directory of Ottla`, { fatal: false });
  if (fileSystem.existsSync(join(directory, PARTITION_DIRECTORIES)))
    throw new StorageError(
      "the broker has several log directories: start it, and save the snapshot while it runs",
      { fatal: false },
    );
  const clock = new SystemClock();
  const engine = new LocalEngine({
    directory,
    fileSystem,
    clock,
    random: new SystemRandom(),
    logger: silentLogger,
    flush: "group",
    retentionIntervalMs: NEVER_MS,
    cleaner: { enabled: false },
  });
  await engine.open();
  try {
    const store = await EmbeddedStore.open({
      fileSystem,
      directory: join(directory, METADATA_DIRECTORY),
      logger: silentLogger,
    });
    try {
      return await engine.saveSnapshot({
        name,
        createdMs: clock.nowMs(),
        whileHeld: (target) => store.exportTo(join(target, METADATA_DIRECTORY)),
      });
    } finally {
      await store.close();
    }
  } finally {
    await engine.close();
  }
}
