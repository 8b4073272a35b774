/** Load by wrk: a program in C, so that Envoy is what is measured. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findProgram, WRK } from '#deploy/setup/debian-program.ts';
import { isJsonObject, parseJson } from '../json.ts';

/** The cores: what is measured has one for itself. */
export const CORES = { measured: '0', others: '1' } as const;

/** What is asked, and how long. */
export interface Load {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Values of `authorization`, one a request, in turn. */
  readonly tokens?: readonly string[] | undefined;
  /** Seconds. */
  readonly seconds: number;
}

/** What came of it. */
export interface Loaded {
  readonly requests: number;
  /** A second. */
  readonly rate: number;
}

const CONNECTIONS = '16';

/** Puts load on a port. Throws when an answer is missing or is an error: nothing measured then means anything. */
export async function load(folder: string, { port, path, headers, tokens, seconds }: Load): Promise<Loaded> {
  const script = join(folder, 'load.lua');
  writeFileSync(script, luaOf(headers, tokens));
  const wrk = findProgram(WRK, process.env);
  if (wrk === undefined) throw new Error(`${WRK.title} is missing although the set-up is done`);
  const command = ['-c', CORES.others, wrk, '--threads', '1', '--connections', CONNECTIONS];
  const target = `http://127.0.0.1:${port}${path}`;
  const args = [...command, '--duration', `${seconds}s`, '--script', script, target];
  const { stdout } = await promisify(execFile)('taskset', args);
  const summary = parseJson(stdout.slice(stdout.lastIndexOf('\n{')));
  if (!isJsonObject(summary)) throw new Error(`wrk said: ${stdout}`);
  const { requests, microseconds, errors } = summary;
  if (typeof requests !== 'number' || typeof microseconds !== 'number' || requests === 0 || errors !== 0) {
    throw new Error(`requests to port ${port} failed: ${JSON.stringify(summary)}`);
  }
  return { requests, rate: requests / (microseconds / 1_000_000) };
}

function luaOf(headers: Readonly<Record<string, string>>, tokens: readonly string[] | undefined): string {
  const set = Object.entries(headers).map(([name, value]) => `wrk.headers[${quoted(name)}] = ${quoted(value)}`);
  const turns =
    tokens === undefined
      ? []
      : [
          `local tokens = {${tokens.map(quoted).join(',')}}`,
          'local at = 0',
          'request = function()',
          '  at = at % #tokens + 1',
          '  wrk.headers["authorization"] = tokens[at]',
          '  return wrk.format()',
          'end',
        ];
  const done = `done = function(summary)
  local e = summary.errors
  io.write(string.format('\\n{"requests":%d,"microseconds":%d,"errors":%d}\\n',
    summary.requests, summary.duration, e.connect + e.read + e.write + e.status + e.timeout))
end`;
  return [...set, ...turns, done, ''].join('\n');
}

/** A string of Lua; what JSON escapes Lua reads alike, as long as it is printable ASCII. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
