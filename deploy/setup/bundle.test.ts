import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildBundle } from './bundle.ts';
import { isFresh, scriptOf, siblingOf } from './fresh-bundle.mjs';
import { ROOT } from './node24.mjs';

let root: string;
const SOURCES = ['controller', 'extproc', 'proto', 'wasm-filters', 'deploy', 'package.json'];

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'sluice-bundle-'));
  for (const name of SOURCES) cpSync(join(ROOT, name), join(root, name), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  await buildBundle(root);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const sluice = (...args: readonly string[]): string =>
  execFileSync(process.execPath, [join(root, scriptOf(root, 'controller', 'controller/main.ts')), ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });

describe('the bundle', () => {
  test('is run in place of the sources it is of', () => {
    expect(scriptOf(root, 'controller', 'controller/main.ts')).toBe('build/bundle/controller.mjs');
    expect(siblingOf(join(root, 'build/bundle/controller.mjs'), 'sidecar')).toBe(
      join(root, 'build/bundle/sidecar.mjs'),
    );
    expect(siblingOf(join(root, 'controller/main.ts'), 'sidecar')).toBeUndefined();
  });

  test('finds what lies beside its sources, and the packages that are not in it', () => {
    const manifests = join(ROOT, 'deploy/examples/quickstart');
    expect(sluice('translate', manifests, '--to', 'xds', '-o', 'json')).toContain('ListenersConfigDump');
    expect(sluice('translate', manifests, '--to', 'status', '-o', 'yaml')).toContain('Programmed');
    expect(sluice('version')).toMatch(/^\d+\.\d+\.\d+\n$/u);
  });

  test('is not run any more once a source changed, or where it was not made', () => {
    const source = join(root, 'controller/cli/exit-codes.ts');
    utimesSync(source, new Date(), new Date());
    expect(isFresh(root)).toBe(false);
    expect(scriptOf(root, 'controller', 'controller/main.ts')).toBe('controller/main.ts');
    const other = join(root, 'other');
    mkdirSync(join(other, 'build'), { recursive: true });
    cpSync(join(root, 'build/bundle'), join(other, 'build/bundle'), { recursive: true });
    expect(isFresh(other)).toBe(false);
    writeFileSync(join(root, 'build/bundle/inputs.json'), '{');
    expect(isFresh(root)).toBe(false);
  });
});
