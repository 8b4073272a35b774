import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { userCredentials } from './docker-config.ts';
import type { ImageReference } from './reference.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'sluice-'));
  mkdirSync(join(home, '.docker'));
  mkdirSync(join(home, 'bin'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const config = (value: unknown): void =>
  writeFileSync(join(home, '.docker/config.json'), typeof value === 'string' ? value : JSON.stringify(value));

/** A helper that knows one server; what it was asked is beside it. */
const helper = (name: string, server: string, answer: string): void => {
  const file = join(home, 'bin', `docker-credential-${name}`);
  writeFileSync(
    file,
    `#!/bin/sh\nread -r server\n[ "$1" = get ] && [ "$server" = '${server}' ] || { echo not found; exit 1; }\necho '${answer}'\n`,
  );
  chmodSync(file, 0o755);
};

const credentials = async (registry: string, more: NodeJS.ProcessEnv = {}) => {
  const reference: ImageReference = { registry, repository: 'a/b', tag: '1', digest: undefined };
  const env = { HOME: home, PATH: `${join(home, 'bin')}:${process.env['PATH'] ?? ''}`, ...more };
  const found = await userCredentials(reference, env);
  return found.ok ? found.value : found.refusal.message;
};

it('without a file there are no credentials, and that is no error', async () => {
  expect(await credentials('ghcr.io')).toBeUndefined();
});

it("they are in Docker's file, wherever it is", async () => {
  config({ auths: { 'ghcr.io': { auth: btoa('a:b') } } });
  const expected = { kind: 'password', username: 'a', password: 'b' };
  expect(await credentials('ghcr.io')).toEqual(expected);
  expect(await credentials('quay.io')).toBeUndefined();
  expect(await credentials('ghcr.io', { HOME: '/nowhere', DOCKER_CONFIG: join(home, '.docker') })).toEqual(expected);
  const auth = { HOME: '/nowhere', REGISTRY_AUTH_FILE: join(home, '.docker/config.json') };
  expect(await credentials('ghcr.io', auth)).toEqual(expected);
});

it('a file that cannot be used is an error that tells nothing of it', async () => {
  config('{"auths":{"ghcr.io":{"auth":"s3cret"');
  expect(await credentials('ghcr.io')).toBe(`${join(home, '.docker/config.json')}: it is no JSON object`);
});

it('a helper keeps them, for one registry or for all', async () => {
  config({ auths: { 'ghcr.io': {} }, credHelpers: { 'gcr.io': 'cloud' }, credsStore: 'keys' });
  helper('cloud', 'gcr.io', '{"ServerURL":"gcr.io","Username":"<token>","Secret":"t"}');
  helper('keys', 'ghcr.io', '{"Username":"u","Secret":"p"}');
  expect(await credentials('gcr.io')).toEqual({ kind: 'refresh-token', token: 't' });
  expect(await credentials('ghcr.io')).toEqual({ kind: 'password', username: 'u', password: 'p' });
  expect(await credentials('quay.io')).toBeUndefined();
});

it('helpers know Docker Hub by its old address', async () => {
  config({ credsStore: 'keys' });
  helper('keys', 'https://index.docker.io/v1/', '{"Username":"u","Secret":"p"}');
  expect(await credentials('docker.io')).toEqual({ kind: 'password', username: 'u', password: 'p' });
});

it('a helper that has none leaves it to the file', async () => {
  config({ auths: { 'ghcr.io': { auth: btoa('a:b') } }, credsStore: 'keys' });
  helper('keys', 'other', '{}');
  expect(await credentials('ghcr.io')).toEqual({ kind: 'password', username: 'a', password: 'b' });
});

it.each([
  ['gone', 'docker-credential-gone cannot be run, or takes too long'],
  ['../../bin/sh', '"../../bin/sh" is no name of a credential helper'],
  ['odd', 'docker-credential-odd answered without a Username and a Secret'],
])('a helper %s is an error', async (name, message) => {
  config({ credsStore: name });
  helper('odd', 'ghcr.io', '{"s3cret":1}');
  expect(await credentials('ghcr.io')).toBe(`${join(home, '.docker/config.json')}: ${message}`);
});
