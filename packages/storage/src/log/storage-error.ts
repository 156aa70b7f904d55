export interface StorageErrorOptions {
  /** True when the log directory may no longer be trusted and has to go offline. */
  readonly fatal: boolean;
  readonly path?: string;
  readonly cause?: unknown;
}

/** An operating failure of the disk: the partition or its whole directory goes offline. */
export class StorageError extends Error {
  override readonly name = "StorageError";
  readonly fatal: boolean;
  readonly path: string | undefined;

  constructor(message: string, options: StorageErrorOptions) {
    super(message, { cause: options.cause });
    this.fatal = options.fatal;
    this.path = options.path;
  }
}
