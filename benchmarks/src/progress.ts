/** One line per sample; on a terminal they replace each other, in a log they stay. */
export class Progress {
  readonly #stream = process.stderr;
  readonly #startedAt = performance.now();
  /** What runs, shown in front of each line. */
  part = "";

  note(line: string): void {
    const seconds = Math.round((performance.now() - this.#startedAt) / 1000);
    const text = `${String(seconds).padStart(5)} s  ${this.part}  ${line}`;
    if (this.#stream.isTTY) {
      const width = Math.max(20, this.#stream.columns - 1);
      this.#stream.write(`\r\u001b[K${text.slice(0, width)}`);
    } else {
      this.#stream.write(`${text}\n`);
    }
  }

  end(): void {
    if (this.#stream.isTTY) this.#stream.write("\r\u001b[K");
  }
}
