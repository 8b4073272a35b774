import { isObject } from '#controller/api/compile.ts';
import type { Told } from './soak.ts';

/** What pino calls an error, or worse. */
const ERROR = 50;

/** The errors in a log of JSON lines of pino: of whom, what and why. */
export function errorsIn(log: string, whose: string): readonly Told[] {
  return log.split('\n').flatMap((line): readonly Told[] => {
    const { level, time, msg, err } = fieldsOf(line);
    if (!(typeof level === 'number' && level >= ERROR && typeof time === 'number')) return [];
    const why = isObject(err) ? `: ${String(err['message'])}` : '';
    return [{ at: time, text: `${whose}: ${String(msg)}${why}` }];
  });
}

function fieldsOf(line: string): { readonly [name: string]: unknown } {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : {};
  } catch {
    // Not all that a process writes is of its log.
    return {};
  }
}
