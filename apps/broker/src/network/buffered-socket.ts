import { Socket, type OnReadOpts, type SocketConstructorOpts } from "node:net";

/** Where a socket is read into, and who is told. */
export interface ReadTarget {
  /** Memory for the next read. */
  readonly next: () => Buffer;
  /** The start of that memory, filled. */
  readonly received: (bytes: Buffer) => void;
}

/** What Node passes around between its own modules but does not document; see `readInto`. */
interface ServerSideSocket extends Socket {
  _handle: object | null;
  _server: object | null;
}

/**
 * The socket's connection as a socket that is read into memory of ours (`onread`), or undefined where that
 * cannot be had. Without it each read allocates 64 KiB that the collector has to find again: a third of
 * the main thread's time under load. Node offers `onread` for sockets that connect; for accepted ones the
 * handle moves into a new socket, which then counts for the server in place of the first.
 *
 * Windows begins its reads before there is data, so there a buffer could not be shared.
 */
export function readInto(accepted: Socket, target: ReadTarget): Socket | undefined {
  const from = accepted as ServerSideSocket;
  const { _handle: handle, _server: server } = from;
  if (process.platform === "win32" || !handle || !server) return undefined;
  const onread: OnReadOpts = {
    buffer: target.next,
    callback: (bytes, memory) => {
      target.received((memory as Buffer).subarray(0, bytes));
      return true;
    },
  };
  const options = { handle, onread } as SocketConstructorOpts;
  from._handle = null;
  const socket = new Socket(options) as ServerSideSocket;
  socket._server = server;
  from._server = null;
  return socket;
}
