/** A value that does not fit its message table: too long, out of range, null where null is not allowed. */
export class EncodeError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = "EncodeError";
  }
}
