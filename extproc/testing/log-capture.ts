import pino, { type Logger } from 'pino';

/** A log whose lines a test can read. */
export interface LogCapture {
  readonly log: Logger;
  /** Every line so far, as JSON text. */
  readonly lines: readonly string[];
}

/** Makes a log that keeps its lines. */
export function captureLog(): LogCapture {
  const lines: string[] = [];
  return { log: pino({ level: 'debug' }, { write: (line: string) => lines.push(line) }), lines };
}
