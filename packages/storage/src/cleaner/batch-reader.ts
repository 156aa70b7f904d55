import { batchSizeAt, RecordBatchView, RECORD_BATCH_OVERHEAD } from "@ottla/protocol";
import type { FileHandle } from "@ottla/runtime";
import { StorageError } from "../log/storage-error.ts";
import { headerDamage, readFully } from "../segment/batch-scanner.ts";
import type { TaskPace } from "./task-pace.ts";

/** Reads the whole batches of a sealed segment in order and checks each CRC: damage is not copied under a new one. */
export class BatchReader {
  bytesRead = 0;
  readonly #handle: FileHandle;
  readonly #sizeBytes: number;
  readonly #pace: TaskPace;
  #buffer: Uint8Array;
  #length = 0;
  #at = 0;
  /** Position in the file of the start of the buffer. */
  #position = 0;

  constructor(handle: FileHandle, sizeBytes: number, pace: TaskPace, buffer: Uint8Array) {
    this.#handle = handle;
    this.#sizeBytes = sizeBytes;
    this.#pace = pace;
    this.#buffer = buffer;
  }

  /** The next batch, whose bytes are good until the next call; undefined at the end of the segment. */
  async next(): Promise<RecordBatchView | undefined> {
    const start = this.#position + this.#at;
    const remaining = this.#sizeBytes - start;
    if (remaining <= 0) return undefined;
    if (this.#length - this.#at < RECORD_BATCH_OVERHEAD) await this.#fill();
    const damage = headerDamage(this.#buffer, this.#at, this.#length - this.#at, remaining);
    if (damage !== undefined) throw this.#damaged(damage, start);
    const size = batchSizeAt(this.#buffer, this.#at);
    if (this.#length - this.#at < size) {
      if (size > this.#buffer.length) this.#grow(size);
      await this.#fill();
      if (this.#length < size)
        throw this.#damaged(`batch of ${size} bytes, ${this.#length} could be read`, start);
    }
    const view = new RecordBatchView(this.#buffer, this.#at);
    if (!view.isCrcValid()) throw this.#damaged("CRC of the batch does not match", start);
    this.#at += size;
    return view;
  }

  /** Starts the buffer anew at the next batch. */
  async #fill(): Promise<void> {
    this.#position += this.#at;
    this.#at = 0;
    this.#length = readFully(
      this.#handle,
      this.#buffer,
      this.#position,
      this.#sizeBytes - this.#position,
    );
    this.bytesRead += this.#length;
    await this.#pace.noteBytes(this.#length);
  }

  #grow(size: number): void {
    this.#position += this.#at;
    this.#at = 0;
    this.#length = 0;
    this.#buffer = new Uint8Array(size);
  }

  #damaged(reason: string, position: number): StorageError {
    return new StorageError(`${reason} at ${position}`, { fatal: false, path: this.#handle.path });
  }
}
