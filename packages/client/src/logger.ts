/** What the client tells about itself. pino, console and the broker's logger fit as they are. */
export interface ClientLogger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

/** A library says nothing unless it is asked to; every failure also reaches the caller as an error. */
export const silentLogger: ClientLogger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
};
