/** What one read of a socket may bring. */
export const RECEIVE_BUFFER_BYTES = 64 * 1024;

/** Spare buffers that are kept for the next large frame: 2 MiB in all. */
const SPARE_BUFFERS_MAX = 32;

/**
 * The memory that sockets are read into. All connections between two frames share one buffer, because
 * what it brought is consumed or copied before another socket is read; a connection in the middle of a
 * frame reads into buffers of its own, which come back when the frame is complete.
 */
export class ReceiveMemory {
  readonly shared: Buffer = Buffer.allocUnsafeSlow(RECEIVE_BUFFER_BYTES);
  readonly #spare: Buffer[] = [];

  take(): Buffer {
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(RECEIVE_BUFFER_BYTES);
  }

  give(buffer: Buffer): void {
    if (this.#spare.length < SPARE_BUFFERS_MAX) this.#spare.push(buffer);
  }
}
