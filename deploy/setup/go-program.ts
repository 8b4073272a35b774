/**
 * Programs that tests start and that are built by Go from modules pinned in a folder of ours (go.mod, go.sum): the one that a
 * variable names, else the user's cache, by what is built, else a build. Nothing but tests needs one.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { envoyCacheFolder } from './envoy-cache.ts';
import { ROOT } from './node24.mjs';
import { type Log, logToStderr, withProgress } from './progress.ts';
import { SetupError } from './setup-error.ts';
import { withTemporaryFolder } from './temporary-folder.ts';

/** A program that Go builds. */
export interface GoProgram {
  readonly name: string;
  /** What it is here for, in messages. */
  readonly title: string;
  /** Variable of the environment that may name another file. */
  readonly variable: string;
  /** The folder of its go.mod, from the root of the checkout. */
  readonly module: string;
  /** Arguments of `go` before `-o FILE`, and the package. */
  readonly build: readonly [string, ...string[]];
  readonly package: string;
}

const VERSION = 'k8s.io/component-base/version';

/** kube-apiserver, etcd, kube-controller-manager and kubectl, by the name that it is called by. */
export const CONTROL_PLANE: GoProgram = {
  name: 'control-plane',
  title: "Kubernetes' control plane of the tests (by Go: some minutes, once)",
  variable: 'CONTROL_PLANE_BIN',
  module: 'test/cluster/control-plane',
  build: [
    'build',
    '-ldflags',
    `-s -w -X ${VERSION}.gitVersion=v1.36.3 -X ${VERSION}.gitMajor=1 -X ${VERSION}.gitMinor=36 -X ${VERSION}.gitTreeState=clean -X ${VERSION}.gitCommit=0000000`,
  ],
  package: '.',
};

const HELM_VERSION = 'helm.sh/helm/v3/internal/version.version';
const HELM_KUBERNETES = 'helm.sh/helm/v3/pkg/chartutil.k8sVersion';

/** Helm, of the same Kubernetes libraries as the control plane, so that Go compiles them once. */
export const HELM: GoProgram = {
  name: 'helm',
  title: 'Helm (by Go)',
  variable: 'HELM_BIN',
  module: 'test/cluster/helm',
  build: [
    'build',
    '-ldflags',
    `-s -w -X ${HELM_VERSION}=v3.21.4 -X ${HELM_KUBERNETES}Major=1 -X ${HELM_KUBERNETES}Minor=36`,
  ],
  package: 'helm.sh/helm/v3/cmd/helm',
};

/** The conformance suite of Gateway API. */
export const CONFORMANCE: GoProgram = {
  name: 'conformance',
  title: 'the conformance suite of Gateway API (by Go)',
  variable: 'CONFORMANCE_BIN',
  module: 'test/conformance/suite',
  build: ['test', '-c'],
  package: '.',
};

/** The back-end of the conformance suite. */
export const ECHO: GoProgram = {
  name: 'echo-basic',
  title: 'the back-end of the conformance suite (by Go)',
  variable: 'ECHO_BASIC_BIN',
  module: 'test/conformance/suite',
  build: ['build', '-ldflags', '-s -w'],
  package: 'sigs.k8s.io/gateway-api/conformance/echo-basic',
};

/** The path of a program that can be started, or `undefined` while there is none. */
export function findGoProgram(program: GoProgram, env: NodeJS.ProcessEnv): string | undefined {
  const chosen = env[program.variable] ?? '';
  const path = chosen === '' ? cached(program, env) : chosen;
  return existsSync(path) ? path : undefined;
}

/** Builds a program into the user's cache where there is none. Throws a SetupError that says what failed. */
export async function ensureGoProgram(
  program: GoProgram,
  env: NodeJS.ProcessEnv,
  log: Log = logToStderr,
): Promise<string> {
  const found = findGoProgram(program, env);
  if (found !== undefined) return found;
  const path = cached(program, env);
  return withProgress(program.title, log, () =>
    withTemporaryFolder(dirname(dirname(path)), async (work, interrupted) => {
      await build(program, join(work, program.name), env, interrupted);
      mkdirSync(dirname(path), { recursive: true });
      renameSync(join(work, program.name), path);
      return path;
    }),
  );
}

/** The folder of the pinned source of a module that a folder's go.mod names. Throws a SetupError where Go cannot fetch it. */
export async function goModuleFolder(folder: string, module: string, env: NodeJS.ProcessEnv): Promise<string> {
  const cwd = join(ROOT, folder);
  const said = await go(['mod', 'download', '-json', module], { cwd, env: { ...env, GOFLAGS: '-mod=mod' } });
  const [, found] = /"Dir": "([^"]+)"/u.exec(said) ?? [];
  if (found === undefined) throw new SetupError(`the source of ${module} cannot be found: go says ${said.trim()}`);
  return found;
}

/** What is built decides where it is kept. */
function cached({ name, module, build: flags, package: target }: GoProgram, env: NodeJS.ProcessEnv): string {
  const hash = createHash('sha256').update([...flags, target, process.platform, process.arch].join('\n'));
  const files = globSync('{go.mod,go.sum,*.go}', { cwd: join(ROOT, module) }).sort();
  for (const file of files) hash.update(`\n${file}\n`).update(readFileSync(join(ROOT, module, file)));
  const cache = dirname(dirname(envoyCacheFolder(env)));
  return join(cache, name, hash.digest('hex').slice(0, 16), name);
}

async function build(program: GoProgram, path: string, env: NodeJS.ProcessEnv, signal: AbortSignal): Promise<void> {
  const args = [...program.build, '-trimpath', '-o', path, program.package];
  try {
    await go(args, { cwd: join(ROOT, program.module), env, signal });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new SetupError(
      `${program.title} cannot be built: ${reason}\nIt takes Go and the Go module proxy, or ${program.variable}=/path/to/it`,
    );
  }
}

async function go(
  args: readonly string[],
  { cwd, env, signal }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly signal?: AbortSignal },
): Promise<string> {
  const child = spawn('go', args, {
    // No C compiler is needed.
    env: { GOFLAGS: '-buildvcs=false', ...env, CGO_ENABLED: '0', GOWORK: 'off' },
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(signal === undefined ? {} : { signal }),
  });
  const [said, complaint] = [text(child.stdout), text(child.stderr)];
  const code = await new Promise<number | string | null>((done) => {
    child.once('error', (error) => done(error.message));
    child.once('close', done);
  });
  if (code === 0) return said;
  throw new Error(typeof code === 'string' ? code : (await complaint).trim().split('\n').slice(-3).join('\n'));
}
