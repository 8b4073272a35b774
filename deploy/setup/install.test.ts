import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { staleReason } from './install.mjs';
import { ROOT } from './node24.mjs';

type Packages = Readonly<Record<string, object>>;

const A = { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' } };
const ARM = { 'node_modules/arm': { version: '1.0.0', integrity: 'sha512-arm', optional: true } };

let root: string;
const lock = (packages: Packages): void =>
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: { '': { name: 'x' }, ...packages } }));
const installed = (packages: Packages): void => {
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  writeFileSync(join(root, 'node_modules/.package-lock.json'), JSON.stringify({ packages }));
};

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sluice-install-'));
});
afterEach(() => rmSync(root, { recursive: true }));

test('packages are current when npm noted just the locked ones', () => {
  lock(A);
  installed(A);
  expect(staleReason(root)).toBeUndefined();
});

test('packages are current when an optional one is missing', () => {
  lock({ ...A, ...ARM });
  installed(A);
  expect(staleReason(root)).toBeUndefined();
});

test.each<[string, Packages | undefined, RegExp]>([
  ['there is no node_modules, or an installation was interrupted', undefined, /missing or incomplete/],
  ['one is missing', {}, /a is missing, package-lock.json has 1.0.0/],
  ['one has another version', { 'node_modules/a': { version: '0.9.0', integrity: 'sha512-a' } }, /a is 0.9.0/],
  ['one has another content', { 'node_modules/a': { version: '1.0.0', integrity: 'sha512-b' } }, /a is 1.0.0/],
])('packages are stale when %s', (_, present, reason) => {
  lock(A);
  if (present !== undefined) installed(present);
  expect(staleReason(root)).toMatch(reason);
});

test('an optional package of another version is stale', () => {
  lock(ARM);
  installed({ 'node_modules/arm': { version: '2.0.0', integrity: 'sha512-arm', optional: true } });
  expect(staleReason(root)).toContain('arm is 2.0.0');
});

test('a checkout without a lockfile is a bug', () => {
  expect(() => staleReason(root)).toThrow('package-lock.json is missing');
});

test("the lockfile of this checkout is read as npm's own notes are", () => {
  expect(staleReason(ROOT)).toBeUndefined();
});
