import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { isObject } from '#controller/api/compile.ts';
import type { EnvoyProxySpec } from '#controller/api/gen/types.d.ts';
import { milliseconds } from '../../resources/duration.ts';
import { type Outcome, success } from '../../resources/verdict.ts';
import { saidArguments, withExtra } from '../envoy-arguments.ts';
import { type ProxyPaths, saidBootstrap } from './bootstrap.ts';
import type { Leave } from './envoy-admin.ts';

/** How the Envoy of a proxy is started, and how it ends. */
export interface EnvoyLaunch {
  readonly args: readonly string[];
  /** JSON. */
  readonly bootstrap: string;
  readonly leave: Leave;
}

/** How an Envoy takes leave where nobody says: what it has in hand is soon done. Milliseconds. */
export const LEAVE: Leave = { failAfter: 0, least: 0, most: 2_500 };
/** How long a process may take to end before it is killed. Milliseconds. */
export const GRACE = 700;

/** An Envoy whose place another has taken stays at least so long: clients that keep connections are told to leave it. Milliseconds. */
const OVERLAP = 1_000;

/** How an Envoy takes leave whose place another has taken already. */
export function leaveBeside({ failAfter, least, most }: Leave): Leave {
  return {
    failAfter,
    least: Math.max(least, OVERLAP),
    most: Math.max(most, 2 * OVERLAP + LEAVE.most),
    linger: OVERLAP,
  };
}

/** How an EnvoyProxy wants its Envoy to be started on this machine. */
export function launchOf(
  key: string,
  paths: ProxyPaths,
  spec: Partial<EnvoyProxySpec> = {},
): Outcome<EnvoyLaunch, 'InvalidParameters'> {
  const bootstrap = saidBootstrap(key, paths, spec);
  if (!bootstrap.ok) return bootstrap;
  const drainTimeout = milliseconds(spec.shutdown?.drainTimeout);
  const args = withExtra(
    [
      ['--config-path', paths.bootstrap],
      ['--admin-address-path', paths.adminAddress],
      ['--disable-hot-restart'],
      ...(drainTimeout === undefined
        ? []
        : ([
            ['--drain-strategy', 'immediate'],
            ['--drain-time-s', String(Math.ceil(drainTimeout / 1000))],
          ] as const)),
      ...saidArguments(spec),
    ],
    spec,
  );
  return success({ args, bootstrap: bootstrap.value, leave: leaveOf(spec) });
}

function leaveOf({ shutdown = {} }: Partial<EnvoyProxySpec>): Leave {
  const least = milliseconds(shutdown.minDrainDuration) ?? LEAVE.least;
  const failAfter = milliseconds(shutdown.healthCheckFailureDelay) ?? LEAVE.failAfter;
  const most = milliseconds(shutdown.drainTimeout) ?? LEAVE.most;
  return { failAfter, least, most: Math.max(most, least, failAfter) };
}

/** How the Envoy was started that an earlier controller left; `undefined` where nothing good is written. */
export function readLaunch({ launch, bootstrap }: ProxyPaths): EnvoyLaunch | undefined {
  try {
    const said: unknown = JSON.parse(readFileSync(launch, 'utf8'));
    const { args, leave } = isObject(said) ? said : {};
    if (!Array.isArray(args) || !args.every((argument) => typeof argument === 'string') || !isLeave(leave))
      return undefined;
    return { args, bootstrap: readFileSync(bootstrap, 'utf8'), leave };
  } catch {
    return undefined;
  }
}

/** How long Envoy may take to say whether it would start. Milliseconds. */
const VERDICT_WITHIN = 10_000;

/** Why Envoy does not start so, in its words: it is asked before the one that runs is ended. `undefined` where it does, or says nothing. */
export async function launchProblem(
  { args, bootstrap }: EnvoyLaunch,
  paths: ProxyPaths,
  command: string,
): Promise<string | undefined> {
  const candidate = `${paths.bootstrap}.candidate`;
  await writeFile(candidate, bootstrap, { mode: 0o600 });
  const asked = [
    ...args.map((argument) => (argument === paths.bootstrap ? candidate : argument)),
    '--mode',
    'validate',
  ];
  try {
    await promisify(execFile)(command, asked, { timeout: VERDICT_WITHIN });
    return undefined;
  } catch (error) {
    const isAnswer = isObject(error) && typeof error['code'] === 'number' && error['killed'] !== true;
    return isAnswer ? lastLines(`${String(error['stdout'])}${String(error['stderr'])}`) : undefined;
  } finally {
    await rm(candidate, { force: true });
  }
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-3).join(' ');
}

/** What is kept of a launch beside its bootstrap. */
export function writtenLaunch({ args, leave }: EnvoyLaunch): string {
  return JSON.stringify({ args, leave });
}

function isLeave(value: unknown): value is Leave {
  const isTime = (field: 'failAfter' | 'least' | 'most'): boolean =>
    isObject(value) && typeof value[field] === 'number';
  return isTime('failAfter') && isTime('least') && isTime('most');
}
