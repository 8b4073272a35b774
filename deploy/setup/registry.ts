/**
 * The registry that tests push to and pull from: CNCF distribution, built from its module by Go; `REGISTRY_BIN`, else the
 * user's cache, else the Go module proxy. Nothing but tests needs it.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { envoyCacheFolder } from './envoy-cache.ts';
import { type Log, logToStderr, withProgress } from './progress.ts';
import { SetupError } from './setup-error.ts';
import { withTemporaryFolder } from './temporary-folder.ts';

/** What is built. Go's checksum database vouches for the source. */
const PROGRAM = 'github.com/distribution/distribution/v3/cmd/registry';
const VERSION = 'v3.0.0';

/** The path of the registry's binary, or `undefined` while there is none. */
export function findRegistry(env: NodeJS.ProcessEnv): string | undefined {
  const chosen = env['REGISTRY_BIN'] ?? '';
  const path = chosen === '' ? cached(env) : chosen;
  return existsSync(path) ? path : undefined;
}

/** Builds the registry into the user's cache where there is none. Throws a SetupError that says what failed. */
export async function ensureRegistry(env: NodeJS.ProcessEnv, log: Log = logToStderr): Promise<string> {
  const found = findRegistry(env);
  if (found !== undefined) return found;
  const path = cached(env);
  const title = `the registry of the tests (distribution ${VERSION}, by Go)`;
  return withProgress(title, log, () =>
    withTemporaryFolder(dirname(dirname(path)), async (work, interrupted) => {
      await install(work, env, interrupted);
      mkdirSync(dirname(path), { recursive: true });
      renameSync(join(work, 'registry'), path);
      return path;
    }),
  );
}

/** What is built decides where it is kept. */
function cached(env: NodeJS.ProcessEnv): string {
  const key = createHash('sha256').update(`${PROGRAM}@${VERSION} ${process.platform} ${process.arch}`).digest('hex');
  return join(dirname(dirname(envoyCacheFolder(env))), 'registry', key.slice(0, 16), 'registry');
}

async function install(folder: string, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void> {
  const child = spawn('go', ['install', `${PROGRAM}@${VERSION}`], {
    // No C compiler is needed, and a module of the folder we are in is none of its business.
    env: { ...env, GOBIN: folder, CGO_ENABLED: '0', GOFLAGS: '-trimpath -buildvcs=false', GOWORK: 'off' },
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
    signal,
  });
  const said = text(child.stderr);
  const code = await new Promise<number | string | null>((done) => {
    child.once('error', (error) => done(error.message));
    child.once('close', done);
  });
  if (code === 0) return;
  const reason = typeof code === 'string' ? code : (await said).trim().split('\n').slice(-3).join('\n');
  throw new SetupError(
    `the registry of the tests cannot be built: ${reason}\nIt takes Go and the Go module proxy, or REGISTRY_BIN=/path/to/registry`,
  );
}
