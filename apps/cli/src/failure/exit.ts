/** Something that was asked for could not be done. */
export const EXIT_FAILURE = 1;
/** The command line itself was not understood. */
export const EXIT_USAGE = 2;
/** What shells report for a program that a signal ended: 128 and the signal's number. */
export const EXIT_INTERRUPTED = 130;
export const EXIT_TERMINATED = 143;

/** A flag, its value, or a combination of flags is wrong; nothing was done. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The command failed, and the message says all that a user needs: what is wrong and what to do. */
export class CommandError extends Error {
  override readonly name = "CommandError";
}
