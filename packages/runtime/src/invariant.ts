/** Our own bug: never caught to go on, always reported with its stack. */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
}

/** Fails loudly when a condition that our own code guarantees does not hold. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}
