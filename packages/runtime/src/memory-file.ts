/** Memory is taken in pages, so that a growing file is never copied as a whole. */
const PAGE_BYTES = 64 * 1024;

/** The content of one file in memory; shared by all its names and handles. */
export class MemoryFile {
  readonly #pages: Uint8Array[] = [];
  #sizeBytes = 0;
  modifiedMs = 0;

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  write(bytes: Uint8Array, positionBytes: number): void {
    this.#grow(positionBytes + bytes.length);
    let done = 0;
    while (done < bytes.length) {
      const at = positionBytes + done;
      const page = this.#pages[Math.floor(at / PAGE_BYTES)]!;
      const inPage = at % PAGE_BYTES;
      const part = bytes.subarray(done, done + PAGE_BYTES - inPage);
      page.set(part, inPage);
      done += part.length;
    }
    this.#sizeBytes = Math.max(this.#sizeBytes, positionBytes + bytes.length);
  }

  /** Bytes copied into `target`; fewer than its length at the end of the file. */
  read(target: Uint8Array, positionBytes: number): number {
    const count = Math.max(0, Math.min(target.length, this.#sizeBytes - positionBytes));
    let done = 0;
    while (done < count) {
      const at = positionBytes + done;
      const page = this.#pages[Math.floor(at / PAGE_BYTES)]!;
      const inPage = at % PAGE_BYTES;
      const part = page.subarray(inPage, Math.min(PAGE_BYTES, inPage + count - done));
      target.set(part, done);
      done += part.length;
    }
    return count;
  }

  /** Bytes beyond a former end read as zero, as on a disk. */
  truncate(sizeBytes: number): void {
    this.#grow(sizeBytes);
    const kept = Math.ceil(sizeBytes / PAGE_BYTES);
    this.#pages.length = kept;
    this.#pages[kept - 1]?.fill(0, sizeBytes - (kept - 1) * PAGE_BYTES);
    this.#sizeBytes = sizeBytes;
  }

  #grow(sizeBytes: number): void {
    while (this.#pages.length * PAGE_BYTES < sizeBytes) this.#pages.push(new Uint8Array(PAGE_BYTES));
  }
}
