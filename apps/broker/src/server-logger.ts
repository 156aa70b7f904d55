import type { Logger } from "@ottla/runtime";
import { pino, type LevelWithSilent } from "pino";

/**
 * Logs go to stderr, so that stdout carries only what was asked for: pretty for people, JSON lines for machines, whose
 * starts do not wait for what makes it pretty.
 */
export async function createServerLogger(options: { readonly level: LevelWithSilent; readonly isTerminal: boolean }): Promise<Logger> {
  const { level, isTerminal } = options;
  const destination = isTerminal
    ? (await import("pino-pretty")).default({ destination: 2, sync: true, translateTime: "SYS:HH:MM:ss.l", ignore: "pid,hostname", colorize: process.env["NO_COLOR"] === undefined })
    : pino.destination({ dest: 2, sync: true });
  const log = pino({ level, base: null }, destination);
  return {
    debug: (message, fields) => log.debug(fields ?? {}, message),
    info: (message, fields) => log.info(fields ?? {}, message),
    warn: (message, fields) => log.warn(fields ?? {}, message),
    error: (message, fields) => log.error(fields ?? {}, message),
  };
}
