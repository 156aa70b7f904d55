import type { TopicPartition } from "../engine/storage-engine.ts";
import { StorageError } from "./storage-error.ts";

/** Whether a log takes calls: `open` until it is closed, or until a fatal error after which nothing about it is trusted. */
export class LogStatus {
  readonly name: string;
  readonly #directory: string;
  #state: "open" | "failed" | "closed" = "open";

  constructor({ topic, partition }: TopicPartition, directory: string) {
    this.name = `${topic}-${partition}`;
    this.#directory = directory;
  }

  get open(): boolean {
    return this.#state === "open";
  }

  get failed(): boolean {
    return this.#state === "failed";
  }

  get closed(): boolean {
    return this.#state === "closed";
  }

  /** A failed log stays failed. */
  close(): void {
    if (this.#state === "open") this.#state = "closed";
  }

  checkOpen(): void {
    if (this.#state === "open") return;
    throw new StorageError(`the log of ${this.name} is ${this.#state}`, {
      fatal: this.#state === "failed",
      path: this.#directory,
    });
  }

  /** The error to throw. After a fatal one the log takes no more calls. */
  noteFailure(error: unknown): StorageError {
    const failure =
      error instanceof StorageError ? error : this.#fatal(`the log of ${this.name} failed`, error);
    if (failure.fatal) this.#state = "failed";
    return failure;
  }

  /** Notes a failure that nothing can undo. */
  noteFatal(message: string, cause: unknown): StorageError {
    return this.noteFailure(this.#fatal(message, cause));
  }

  #fatal(message: string, cause: unknown): StorageError {
    return new StorageError(message, { fatal: true, path: this.#directory, cause });
  }
}
