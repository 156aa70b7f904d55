/** The bytes of a peer do not follow the protocol. The connection they came from has to be closed. */
export class DecodeError extends Error {
  /** Offset into the decoded bytes at which the fault was seen. */
  readonly position: number;

  constructor(reason: string, position: number) {
    super(`${reason} (at byte ${position})`);
    this.name = "DecodeError";
    this.position = position;
  }
}
