import { EXIT_INTERRUPTED, EXIT_TERMINATED } from "./exit.ts";

/**
 * Watches for Ctrl-C and SIGTERM while it is in scope. The first asks the command to end in order and sets
 * the exit code that a shell expects; the second ends it at once.
 */
export class Interrupt implements Disposable {
  readonly #abort = new AbortController();
  readonly #onInt = (): void => this.#handle(EXIT_INTERRUPTED);
  readonly #onTerm = (): void => this.#handle(EXIT_TERMINATED);

  constructor() {
    process.on("SIGINT", this.#onInt);
    process.on("SIGTERM", this.#onTerm);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get isRequested(): boolean {
    return this.#abort.signal.aborted;
  }

  [Symbol.dispose](): void {
    process.off("SIGINT", this.#onInt);
    process.off("SIGTERM", this.#onTerm);
  }

  #handle(exitCode: number): void {
    if (this.isRequested) process.exit(exitCode);
    process.exitCode = exitCode;
    this.#abort.abort();
  }
}
