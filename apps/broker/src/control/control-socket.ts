import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import type { Clock, FileSystem, Logger } from "@ottla/runtime";
import { StorageError } from "@ottla/storage";
import {
  CONTROL_SOCKET,
  parseControlRequest,
  SOCKET_PATH_BYTES_MAX,
  type ControlAnswer,
  type ControlRequest,
} from "./control-message.ts";

const REQUEST_BYTES_MAX = 4096;
/** A peer that connects gets this long to ask. */
const ASK_MS = 10_000;
const CONNECTIONS_MAX = 8;
/** Only the user that runs the broker may connect. */
const SOCKET_UMASK = 0o177;

export interface ControlSocketOptions {
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  /** The data directory, whose lock the broker holds. */
  readonly directory: string;
  readonly logger: Logger;
  readonly serve: (request: ControlRequest) => Promise<ControlAnswer>;
}

/** Serves the commands that other processes of this machine give a running broker. */
export class ControlSocket {
  readonly #options: ControlSocketOptions;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(options: ControlSocketOptions) {
    this.#options = options;
    this.#server = createServer((socket) => this.#accept(socket));
    this.#server.maxConnections = CONNECTIONS_MAX;
  }

  /** Undefined where such a socket cannot be: the path is too long, or the file system has none. The log says so. */
  static async open(options: ControlSocketOptions): Promise<ControlSocket | undefined> {
    const { fileSystem, directory, logger } = options;
    const path = join(directory, CONTROL_SOCKET);
    const consequence = "snapshots can only be saved while the broker is stopped";
    if (Buffer.byteLength(path) > SOCKET_PATH_BYTES_MAX) {
      logger.warn(`the path of the control socket is too long: ${consequence}`, { path });
      return undefined;
    }
    const control = new ControlSocket(options);
    try {
      // Whoever left it is gone: the lock of the directory is ours.
      fileSystem.removeSync(path);
      await control.#listen(path);
      return control;
    } catch (error) {
      logger.warn(`no control socket: ${consequence}`, { path, error: String(error) });
      return undefined;
    }
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    // Closing the server also removes the name of the socket.
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  #listen(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      const before = process.umask(SOCKET_UMASK);
      try {
        this.#server.listen(path, () => {
          this.#server.off("error", reject);
          this.#server.on("error", (error) =>
            this.#options.logger.warn("the control socket failed", { error: error.message }),
          );
          this.#server.unref();
          resolve();
        });
      } finally {
        process.umask(before);
      }
    });
  }

  #accept(socket: Socket): void {
    this.#sockets.add(socket);
    const timer = this.#options.clock.setTimer(ASK_MS, () => socket.destroy());
    socket.on("close", () => {
      timer.cancel();
      this.#sockets.delete(socket);
    });
    // A peer that went away needs no answer.
    socket.on("error", () => socket.destroy());
    let received = "";
    const onData = (chunk: Buffer): void => {
      received += chunk.toString("utf8");
      const end = received.indexOf("\n");
      if (end < 0 && received.length <= REQUEST_BYTES_MAX) return;
      socket.off("data", onData);
      socket.resume();
      timer.cancel();
      void this.#answer(received.slice(0, Math.max(0, end))).then((answer) =>
        socket.end(`${JSON.stringify(answer)}\n`),
      );
    };
    socket.on("data", onData);
  }

  async #answer(line: string): Promise<ControlAnswer> {
    const request = parseControlRequest(line);
    if (request === undefined) return { ok: false, message: "this is no request that I know" };
    try {
      return await this.#options.serve(request);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (!(error instanceof StorageError))
        this.#options.logger.error("a control request failed", { ...request, error: message });
      return { ok: false, message };
    }
  }
}
