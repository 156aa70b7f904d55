import type { SnapshotManifest } from "@ottla/storage";

/*
 * The control socket is a Unix socket in the (first) data directory. Who may write in that directory may
 * use it; the network cannot reach it. One request is one line of JSON, and so is its answer; then the
 * connection ends.
 */
export const CONTROL_SOCKET = "ottla.sock";

/** Longer paths cannot be bound: sun_path holds 108 bytes on Linux and 104 on macOS, with a final zero. */
export const SOCKET_PATH_BYTES_MAX = 103;

export type ControlRequest = { readonly command: "save-snapshot"; readonly name: string };

export type ControlAnswer =
  | { readonly ok: true; readonly manifest: SnapshotManifest }
  | { readonly ok: false; readonly message: string };

/** Undefined for anything that is no request. */
export function parseControlRequest(line: string): ControlRequest | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { command, name } = value as Record<string, unknown>;
  if (command !== "save-snapshot" || typeof name !== "string") return undefined;
  return { command, name };
}
