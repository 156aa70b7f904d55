import type { Logger } from "@ottla/runtime";
import { pino, type LevelWithSilent } from "pino";
import pretty from "pino-pretty";

/** Logs go to stderr, so that stdout carries only what was asked for: pretty for people, JSON lines for machines. */
export function createServerLogger(options: { readonly level: LevelWithSilent; readonly isTerminal: boolean }): Logger {
  const { level, isTerminal } = options;
  const destination = isTerminal
    ? pretty({ destination: 2, sync: true, translateTime: "SYS:HH:MM:ss.l", ignore: "pid,hostname", colorize: process.env["NO_COLOR"] === undefined })
    : pino.destination({ dest: 2, sync: true });
  const log = pino({ level, base: null }, destination);
  return {
    debug: (message, fields) => log.debug(fields ?? {}, message),
    info: (message, fields) => log.info(fields ?? {}, message),
    warn: (message, fields) => log.warn(fields ?? {}, message),
    error: (message, fields) => log.error(fields ?? {}, message),
  };
}
