import { describe, expect, it } from 'vitest';
import { parseChallenge } from './challenge.ts';
import { entryFor, parseDockerConfig } from './credentials.ts';

const config = (value: unknown) => parseDockerConfig(Buffer.from(JSON.stringify(value)));

describe('a configuration of Docker', () => {
  it('keeps a name and a password, or a token', () => {
    const read = config({
      auths: {
        'ghcr.io': { auth: btoa('alice:with:colons') },
        'quay.io': { username: 'bob', password: 'p' },
        'https://index.docker.io/v1/': { auth: btoa('<token>:'), identitytoken: 'refresh' },
        'kept.example': {},
      },
      credHelpers: { 'gcr.io': 'gcloud' },
      credsStore: 'desktop',
    });
    expect(read).toEqual({
      ok: true,
      value: {
        auths: new Map([
          ['ghcr.io', { kind: 'password', username: 'alice', password: 'with:colons' }],
          ['quay.io', { kind: 'password', username: 'bob', password: 'p' }],
          ['https://index.docker.io/v1/', { kind: 'refresh-token', token: 'refresh' }],
        ]),
        helpers: new Map([['gcr.io', 'gcloud']]),
        store: 'desktop',
      },
    });
  });

  it.each<[unknown]>([
    ['text'],
    [[]],
    [{ auths: [] }],
    [{ auths: { 'ghcr.io': { auth: btoa('s3cret-without-a-colon') } } }],
    [{ auths: { 'ghcr.io': 's3cret' } }],
  ])('that is %j is refused, and nothing of it is told', (value) => {
    const read = config(value);
    expect(read.ok).toBe(false);
    expect(JSON.stringify(read)).not.toContain('s3cret');
  });

  it.each([
    ['docker.io', 'library/a', 'hub'],
    ['ghcr.io', 'team/a', 'team'],
    ['ghcr.io', 'team', 'team'],
    ['ghcr.io', 'teams/a', 'github'],
    ['ghcr.io', 'other/a', 'github'],
    ['r.example.com', 'a', 'star'],
    ['a.r.example.com', 'a', undefined],
    ['localhost:5000', 'a', 'local'],
    ['localhost:5001', 'a', undefined],
    ['evil-ghcr.io', 'a', undefined],
  ])('has for %s and %s the entry of %s', (registry, repository, expected) => {
    const table = new Map([
      ['https://index.docker.io/v1/', 'hub'],
      ['ghcr.io', 'github'],
      ['https://ghcr.io/team', 'team'],
      ['*.example.com', 'star'],
      ['localhost:5000', 'local'],
    ]);
    expect(entryFor(table, registry, repository)).toBe(expected);
  });
});

describe('a challenge', () => {
  it.each([
    ['Basic realm="x"', { kind: 'basic' }],
    [
      'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push"',
      {
        kind: 'bearer',
        realm: 'https://auth.docker.io/token',
        service: 'registry.docker.io',
        scope: 'repository:a/b:pull,push',
      },
    ],
    ['bearer REALM = x , service=y', { kind: 'bearer', realm: 'x', service: 'y' }],
    ['Negotiate, Basic realm="a, b"', { kind: 'basic' }],
    ['Bearer realm="say \\"a\\""', { kind: 'bearer', realm: 'say "a"' }],
    ['Bearer service="without a realm"', undefined],
    ['Digest nonce="x"', undefined],
    ['', undefined],
    ['"', undefined],
  ])('%s is understood', (header, expected) => {
    const undefinedIsAbsent: unknown = JSON.parse(JSON.stringify(parseChallenge(header) ?? null));
    expect(undefinedIsAbsent).toEqual(expected ?? null);
  });

  it('of many parts takes no time', () => {
    expect(parseChallenge(`Bearer ${'a=b'.repeat(5_000)}"`)).toBeUndefined();
    expect(parseChallenge(`Bearer ${'a="b",'.repeat(2_000)}`)).toBeUndefined();
  });
});
