import type { FileSystem } from "@ottla/runtime";
import { join } from "node:path";
import { StorageError } from "../log/storage-error.ts";
import { replaceFileNow } from "./checkpoint-file.ts";

/** Kafka's name and keys, so that its tools can name the directory; `ottla.format` is ours. */
export const META_PROPERTIES = "meta.properties";
const META_VERSION = "1";
/** Raised when an older Ottla could no longer read what we write. */
export const DIRECTORY_FORMAT = 1;

export interface DirectoryIdentity {
  readonly clusterId: string;
  readonly nodeId: number;
  /** Kafka's 22-character base64url form. */
  readonly directoryId: string;
}

/**
 * Whose log directory this is, or undefined when it has no meta.properties. A file of a newer format, or one
 * that says nothing usable, is an error with the reason in one line; nothing on disk changes.
 */
export function readDirectoryIdentity(
  fileSystem: FileSystem,
  directory: string,
): DirectoryIdentity | undefined {
  const path = join(directory, META_PROPERTIES);
  if (!fileSystem.existsSync(path)) return undefined;
  const properties = parseProperties(new TextDecoder().decode(fileSystem.readFileSync(path)));
  const refuse = (reason: string): StorageError =>
    new StorageError(`${path}: ${reason}`, { fatal: false, path });
  const version = properties.get("version");
  if (version !== META_VERSION)
    throw refuse(
      Number(version) > Number(META_VERSION)
        ? `has format version ${version}, this release reads up to ${META_VERSION}: start the release that wrote it, or a newer one`
        : `is not readable as an identity (version ${version ?? "missing"}): restore it`,
    );
  const format = properties.get("ottla.format") ?? String(DIRECTORY_FORMAT);
  if (!/^\d+$/.test(format)) throw refuse(`ottla.format "${format}" is no number`);
  if (Number(format) > DIRECTORY_FORMAT)
    throw refuse(
      `written by a newer Ottla (format ${format}, this one reads up to ${DIRECTORY_FORMAT}); start that version`,
    );
  const clusterId = properties.get("cluster.id");
  const nodeId = Number(properties.get("node.id"));
  if (!clusterId) throw refuse("cluster.id is missing");
  if (!properties.has("node.id") || !Number.isSafeInteger(nodeId))
    throw refuse("node.id is missing or no number");
  return { clusterId, nodeId, directoryId: properties.get("directory.id") ?? "" };
}

export function writeDirectoryIdentityNow(
  fileSystem: FileSystem,
  directory: string,
  identity: DirectoryIdentity,
): void {
  const { clusterId, nodeId, directoryId } = identity;
  const lines = [
    `version=${META_VERSION}`,
    `cluster.id=${clusterId}`,
    `node.id=${nodeId}`,
    `directory.id=${directoryId}`,
    `ottla.format=${DIRECTORY_FORMAT}`,
    "",
  ];
  replaceFileNow(
    fileSystem,
    join(directory, META_PROPERTIES),
    new TextEncoder().encode(lines.join("\n")),
  );
}

function parseProperties(text: string): Map<string, string> {
  const properties = new Map<string, string>();
  for (const line of text.split("\n")) {
    const trimmed = line.trim();
    const separator = trimmed.indexOf("=");
    if (trimmed.startsWith("#") || separator < 0) continue;
    properties.set(trimmed.slice(0, separator).trim(), trimmed.slice(separator + 1).trim());
  }
  return properties;
}
