/** Structured fields of a log line. Never put secrets or unescaped bytes from the wire here. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Four methods are all that the packages need; the standalone server backs them with pino. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** In process we are silent unless told otherwise. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
};
