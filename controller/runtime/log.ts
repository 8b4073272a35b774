import { destination, type DestinationStream, type Logger, pino } from 'pino';
import { stderr } from 'node:process';
import { writeSync } from 'node:fs';
import { styleText } from 'node:util';

/** Levels a log can be filtered by, most talkative first. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;

/** A level of the log. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** How a log is written: a JSON object a line, or a line for people. */
export const LOG_FORMATS = ['json', 'text'] as const;

/** A way to write the log. */
export type LogFormat = (typeof LOG_FORMATS)[number];

/** A part of the controller that is told apart in its log, in the words of Envoy Gateway (`EnvoyGatewayLogComponent`). */
export type LogComponent = 'provider' | 'gateway-api' | 'xds-translator' | 'xds-server' | 'infrastructure';

/** From which level on lines are written: those of a component from its own, where it has one. */
export interface LogLevels {
  readonly default: LogLevel;
  readonly components: { readonly [component in LogComponent]?: LogLevel | undefined };
}

/** The log of a component, each line of which names it (`component`), or of what belongs to none. */
export type Logs = (component?: LogComponent) => Logger;

/** The logs of a process, which go where that of `createLog` does. */
export function createLogs(levels: LogLevels, format?: LogFormat): Logs {
  const log = createLog(levels.default, format);
  return (component) => {
    if (component === undefined) return log;
    return log.child({ component }, { level: levels.components[component] ?? levels.default });
  };
}

/**
 * The log of a process on standard error, which keeps standard output for results: text on a terminal and JSON lines
 * elsewhere, unless `format` says. When nobody reads it any more the process goes on without.
 */
export function createLog(level: LogLevel, format: LogFormat = stderr.isTTY ? 'text' : 'json'): Logger {
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime };
  if (format === 'text') return pino(options, textDestination());
  const to = destination({ fd: 2, sync: true });
  to.on('error', () => undefined);
  return pino(options, to);
}

function textDestination(): DestinationStream {
  return {
    write: (line) => {
      try {
        writeSync(2, `${formatLine(line)}\n`);
      } catch {
        // Nobody reads it any more.
      }
    },
  };
}

/** Fields that stand before the message. */
const PREFIX = ['gateway', 'process'] as const;

/** A line of the log for people: "03:20:48.123 WARN  default/shop envoy: message field=value". */
export function formatLine(line: string): string {
  const record = parse(line);
  if (record === undefined) return line.trimEnd();
  const { level, time, msg, ...fields } = record;
  const prefix = PREFIX.flatMap((name) => (typeof fields[name] === 'string' ? [fields[name]] : [])).join(' ');
  const rest = Object.entries(fields).filter(([name]) => !PREFIX.some((known) => known === name));
  return [
    typeof time === 'string' ? time.slice(11, 23) : '',
    levelWord(level),
    prefix === '' ? [] : `${prefix}:`,
    typeof msg === 'string' ? msg : '',
    rest.map(([name, value]) => `${name}=${show(value)}`).join(' '),
  ]
    .flat()
    .join(' ')
    .trimEnd();
}

function parse(line: string): { readonly [field: string]: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function show(value: unknown): string {
  if (typeof value === 'object' && value !== null && 'message' in value) return JSON.stringify(value.message);
  return typeof value === 'string' && /^[\w./:@-]+$/u.test(value) ? value : JSON.stringify(value);
}

function levelWord(level: unknown): string {
  const number = typeof level === 'number' ? level : 30;
  if (number >= 50) return styleText('red', 'ERROR', { stream: stderr });
  if (number >= 40) return styleText('yellow', 'WARN ', { stream: stderr });
  return number >= 30 ? 'INFO ' : 'DEBUG';
}
