import { StorageError } from "@ottla/storage";
import { MetadataStoreError } from "@ottla/coordinator";
import type { BrokerConfig } from "./config/broker-config.ts";

/** The broker could not start. The message is one line that says what to do. */
export class StartError extends Error {
  override readonly name = "StartError";
}

/** Turns what went wrong into one line; errors that we do not know keep their stack, because they are our bugs. */
export function explainStartFailure(error: unknown, config: BrokerConfig): unknown {
  const line = explain(error, config);
  return line === undefined ? error : new StartError(line, { cause: error });
}

function explain(error: unknown, config: BrokerConfig): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, syscall, port, address, path } = error as NodeJS.ErrnoException & { port?: number; address?: string };
  if (syscall === "listen" || syscall === "bind" || syscall === "getaddrinfo") {
    return explainListen(code, `${address ?? config.listeners[0]?.host}:${port ?? config.listeners[0]?.port}`);
  }
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
    return `the data directory cannot be written (${code}: ${path ?? config.logDirectories[0]}): give this user write access, or name another with --data-dir`;
  }
  if (code === "ENOTDIR" || code === "EEXIST") {
    return `${path ?? config.logDirectories[0]} is not a directory: name another with --data-dir`;
  }
  if (code === "EIO") return `the disk of ${path ?? config.logDirectories[0]} fails (EIO): replace it, or name another directory with --data-dir`;
  if (code === "ENOSPC") return `no space is left for the data directory ${config.logDirectories.join(", ")}: free some, or name another with --data-dir`;
  if (error instanceof StartError || error instanceof MetadataStoreError) return error.message;
  if (error instanceof StorageError) {
    return /in use by process/.test(error.message) ? `${error.message}: stop it, or name another directory with --data-dir` : error.message;
  }
  return undefined;
}

function explainListen(code: string | undefined, where: string): string {
  switch (code) {
    case "EADDRINUSE":
      return `port in use: something listens on ${where} already; stop it, or choose another port with --port`;
    case "EACCES":
      return `not allowed to listen on ${where}: choose a port above 1023 with --port`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `${where} is not an address of this machine: set listeners to one of its addresses, or to PLAINTEXT://:9092 for all`;
    default:
      return `cannot listen on ${where} (${code})`;
  }
}
