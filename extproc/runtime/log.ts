import pino, { type Logger } from 'pino';

/** The levels a log can have, from the most to the least told. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Says whether a word is a level. */
export function isLogLevel(word: string): word is LogLevel {
  return LOG_LEVELS.some((level) => level === word);
}

/** Makes the log of a process: JSON lines on standard error, written before the call returns, so that none is lost. */
export function createLog(name: string, level: LogLevel): Logger {
  return pino({ name, level }, pino.destination({ dest: 2, sync: true }));
}
