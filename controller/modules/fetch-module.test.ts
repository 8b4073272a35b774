import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_FETCH_SETTINGS } from '#extproc/outbound/fetch-settings.ts';
import { createFetcher, type Fetcher } from '#extproc/outbound/guarded-fetch.ts';
import { packImage } from '#wasm-filters/build/image.ts';
import { digestOf } from '../oci/image-module.ts';
import { type FakeRegistry, startFakeRegistry } from '../oci/testing/fake-registry.ts';
import { proxyWasm } from '../oci/testing/proxy-wasm.ts';
import type { Outcome } from '../resources/verdict.ts';
import type { ModuleAnswer, ModuleSource, ModuleWant, PullCredentials } from '../resources/wants.ts';
import { moduleAnswers } from './answer-records.ts';
import { moduleFetcher } from './fetch-module.ts';
import { ModuleLibrary } from './module-library.ts';
import { Turns } from './turns.ts';

const ONE = proxyWasm('one');
const TWO = proxyWasm('two');

let folder: string;
let registry: FakeRegistry;
let fetcher: Fetcher;
let library: ModuleLibrary;
let errors: unknown[];
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sluice-'));
  errors = [];
  registry = await startFakeRegistry();
  fetcher = createFetcher({ ...DEFAULT_FETCH_SETTINGS, timeout: 20_000 });
  library = new ModuleLibrary(join(folder, 'modules'), (error) => errors.push(error));
});
afterEach(async () => {
  await fetcher.close();
  await registry.stop();
  rmSync(folder, { recursive: true, force: true });
});

const put = (tag: string, wasm: Uint8Array): string => registry.put('a/b', tag, packImage(wasm, 'artifact'));

const fromImage = (tag: string, credentials: PullCredentials = { kind: 'none' }, refresh = Infinity): ModuleWant =>
  want({ kind: 'image', reference: `${registry.host}/a/b:${tag}`, credentials }, refresh);

const fromUrl = (digest?: string, refresh = Infinity): ModuleWant =>
  want({ kind: 'url', url: `${registry.url.href}m.wasm`, digest }, refresh);

const want = (source: ModuleSource, refresh: number): ModuleWant => ({ kind: 'Module', source, refresh, retry: 1 });

const secret = (id: string, password: string): PullCredentials => {
  const auth = btoa(`alice:${password}`);
  return { kind: 'secret', secret: { id, text: () => JSON.stringify({ auths: { [registry.host]: { auth } } }) } };
};

const fetchModule = async (wanted: ModuleWant, known?: ModuleAnswer): Promise<Outcome<ModuleAnswer>> =>
  moduleFetcher({
    fetch: fetcher.fetch,
    mirrors: new Map(),
    env: { HOME: folder },
    keep: (module) => library.keep(module),
  })(wanted, known, new AbortController().signal);

const said = (outcome: Outcome<ModuleAnswer>): string => {
  if (!outcome.ok) return `${outcome.refusal.reason}: ${outcome.refusal.message}`;
  return outcome.value.kind === 'module' ? outcome.value.digest : 'assumed';
};

/** The answer, which there must be. */
async function answered(wanted: ModuleWant, known?: ModuleAnswer): Promise<ModuleAnswer> {
  const outcome = await fetchModule(wanted, known);
  if (!outcome.ok) throw new Error(outcome.refusal.message);
  return outcome.value;
}

describe('a module out of an image', () => {
  it('is kept under its digest', async () => {
    put('1', ONE);
    const answer = await answered(fromImage('1'));
    expect(answer).toEqual({
      kind: 'module',
      digest: digestOf(ONE),
      revision: digestOf(packImage(ONE, 'artifact').manifest),
    });
    expect(await library.read(digestOf(ONE))).toEqual({ digest: digestOf(ONE), bytes: ONE });
  });

  it('is asked for once, wherever its tag moves, unless it is wanted anew', async () => {
    put('1', ONE);
    const known = await answered(fromImage('1'));
    put('1', TWO);
    const before = registry.requests.length;
    expect(await answered(fromImage('1'), known)).toBe(known);
    expect(registry.requests).toHaveLength(before);
    expect(said(await fetchModule(fromImage('1', { kind: 'none' }, 1_000), known))).toBe(digestOf(TWO));
  });

  it('that has not moved costs one question without an answer to read', async () => {
    put('1', ONE);
    const wanted = fromImage('1', { kind: 'none' }, 1_000);
    const known = await answered(wanted);
    const before = registry.requests.length;
    expect(await answered(wanted, known)).toBe(known);
    expect(registry.requests.slice(before)).toEqual(['HEAD /v2/a/b/manifests/1']);
  });

  it('that is private is had with the credentials of who asks, though others had it before', async () => {
    put('1', ONE);
    registry.auth = { kind: 'basic', word: 'alice:s3cret' };
    expect(said(await fetchModule(fromImage('1', secret('x', 's3cret'))))).toBe(digestOf(ONE));
    expect(library.has(digestOf(ONE))).toBe(true);
    expect(said(await fetchModule(fromImage('1')))).toMatch(/^Unauthorized: .*without credentials/u);
    expect(said(await fetchModule(fromImage('1', secret('y', 'gu3ss'))))).toMatch(
      /^Unauthorized: .*with these credentials/u,
    );
  });

  it('is not had by who names its digest in a repository of his own', async () => {
    registry.put('private/f', '1', packImage(ONE, 'artifact'));
    await answered(
      want({ kind: 'image', reference: `${registry.host}/private/f:1`, credentials: { kind: 'none' } }, Infinity),
    );
    // The manifest is there, the layer is not: nobody has shown that he has it.
    registry.put('mine/f', '1', { ...packImage(ONE, 'artifact'), blobs: [] });
    const stolen = want(
      { kind: 'image', reference: `${registry.host}/mine/f:1`, credentials: { kind: 'none' } },
      Infinity,
    );
    expect(said(await fetchModule(stolen))).toMatch(/^NotFound: .*BLOB_UNKNOWN/u);
  });

  it('runs no program that a Secret names', async () => {
    put('1', ONE);
    const text = (): string =>
      JSON.stringify({ credsStore: 'evil', credHelpers: { [registry.host]: 'evil' }, auths: {} });
    registry.auth = { kind: 'basic', word: 'alice:s3cret' };
    const credentials: PullCredentials = { kind: 'secret', secret: { id: 'x', text } };
    expect(said(await fetchModule(fromImage('1', credentials)))).toMatch(/^Unauthorized: .*without credentials/u);
  });
});

describe('a module from a URL', () => {
  const serve = (bytes: Uint8Array | string, etag?: string): void => {
    registry.misbehave = (request, response) => {
      if (etag !== undefined && request.headers['if-none-match'] === etag) response.writeHead(304).end();
      else response.writeHead(200, etag === undefined ? {} : { etag }).end(bytes);
      return true;
    };
  };

  it('must be a module, of the digest that is said', async () => {
    serve(ONE);
    expect(said(await fetchModule(fromUrl(digestOf(ONE))))).toBe(digestOf(ONE));
    expect(said(await fetchModule(fromUrl(digestOf(TWO))))).toMatch(
      /^DigestMismatch: .*found a module of sha256:\w+, accepted is/u,
    );
    serve('<html>');
    expect(said(await fetchModule(fromUrl()))).toMatch(/^Malformed: .*do not begin with/u);
    registry.misbehave = (_, response) => {
      response.writeHead(404).end();
      return true;
    };
    expect(said(await fetchModule(fromUrl()))).toMatch(/^BadStatus: .*404/u);
  });

  it('that has not changed is not sent again', async () => {
    serve(ONE, '"1"');
    const known = await answered(fromUrl(undefined, 1_000));
    expect(await answered(fromUrl(undefined, 1_000), known)).toBe(known);
    serve(TWO, '"2"');
    expect(said(await fetchModule(fromUrl(undefined, 1_000), known))).toBe(digestOf(TWO));
  });
});

describe('an address that nobody who writes manifests may reach', () => {
  const METADATA = '169.254.169.254';

  it.each<[string, ModuleSource]>([
    ['as a registry', { kind: 'image', reference: `${METADATA}/a/b:1`, credentials: { kind: 'none' } }],
    ['as a URL', { kind: 'url', url: `http://${METADATA}/latest/meta-data`, digest: undefined }],
    ['in another spelling', { kind: 'url', url: 'http://[::ffff:a9fe:a9fe]/', digest: undefined }],
  ])('is not asked %s', async (_, source) => {
    expect(said(await fetchModule(want(source, Infinity)))).toMatch(/^(?:Forbidden|AddressRefused): /u);
  });

  it.each(['/manifests/', '/blobs/', '/m.wasm'])('is not asked where a redirect of %s leads to it', async (path) => {
    put('1', ONE);
    registry.misbehave = (request, response) => {
      if (request.url?.includes(path) !== true) return false;
      response.writeHead(307, { location: `http://${METADATA}/` }).end();
      return true;
    };
    const wanted = path === '/m.wasm' ? fromUrl() : fromImage('1');
    expect(said(await fetchModule(wanted))).toMatch(/^(?:Forbidden|AddressRefused): /u);
  });
});

describe('the library', () => {
  it('gives nothing whose bytes are not those of its digest', async () => {
    await library.keep({ digest: digestOf(ONE), bytes: ONE });
    const [file = ''] = readdirSync(join(folder, 'modules'));
    writeFileSync(join(folder, 'modules', file), TWO);
    expect(await library.read(digestOf(ONE))).toBeUndefined();
    expect(library.has(digestOf(ONE))).toBe(false);
    expect(await library.read('sha256:../../../etc/passwd')).toBeUndefined();
  });

  it('keeps in memory what the disk does not take, and says so', async () => {
    const blocked = join(folder, 'blocked');
    writeFileSync(blocked, '');
    const full = new ModuleLibrary(blocked, (error) => errors.push(error));
    await full.keep({ digest: digestOf(ONE), bytes: ONE });
    expect(errors).not.toEqual([]);
    expect(full.has(digestOf(ONE))).toBe(true);
    expect((await full.read(digestOf(ONE)))?.bytes).toEqual(ONE);
  });
});

describe('records of answers', () => {
  const records = () => moduleAnswers(join(folder, 'answers'), library, (error) => errors.push(error));
  const answer: ModuleAnswer = { kind: 'module', digest: digestOf(ONE), revision: 'r' };

  it('outlive the process, for the same want with the same credentials', async () => {
    await library.keep({ digest: digestOf(ONE), bytes: ONE });
    const mine = fromImage('1', secret('mine', 's3cret'));
    records().write(mine, answer);
    expect(records().read(mine)).toEqual(answer);
    expect(records().read(fromImage('1', secret('other', 's3cret')))).toBeUndefined();
    expect(records().read(fromImage('1'))).toBeUndefined();
  });

  it('are there a few days longer than the want, and no longer', async () => {
    await library.keep({ digest: digestOf(ONE), bytes: ONE });
    const before = records();
    before.write(fromImage('1'), answer);
    before.forget(fromImage('1'));
    expect(before.read(fromImage('1'))).toEqual(answer);
    for (const file of readdirSync(join(folder, 'answers'))) utimesSync(join(folder, 'answers', file), 1, 1);
    expect(records().read(fromImage('1'))).toBeUndefined();
  });

  it('count for nothing without the module, or when they are damaged', async () => {
    records().write(fromImage('1'), answer);
    expect(records().read(fromImage('1'))).toBeUndefined();
    await library.keep({ digest: digestOf(ONE), bytes: ONE });
    expect(records().read(fromImage('1'))).toEqual(answer);
    for (const file of readdirSync(join(folder, 'answers')))
      writeFileSync(join(folder, 'answers', file), '{"digest":"../x"');
    expect(records().read(fromImage('1'))).toBeUndefined();
  });

  it('that cannot be written are kept while the process lives', async () => {
    await library.keep({ digest: digestOf(ONE), bytes: ONE });
    mkdirSync(join(folder, 'nowhere'));
    writeFileSync(join(folder, 'nowhere/answers'), '');
    const blocked = moduleAnswers(join(folder, 'nowhere/answers'), library, (error) => errors.push(error));
    blocked.write(fromImage('1'), answer);
    expect(errors).not.toEqual([]);
    expect(blocked.read(fromImage('1'))).toEqual(answer);
  });
});

it('turns are taken so many at a time, for each key and altogether', async () => {
  const turns = new Turns({ each: 1, all: 2 });
  const working = new Set<string>();
  const most: string[] = [];
  const work = (key: string) =>
    turns.take(key.slice(0, 1), async () => {
      working.add(key);
      most.push([...working].sort().join());
      await new Promise((done) => setTimeout(done, 5));
      working.delete(key);
    });
  await Promise.all(['a1', 'a2', 'b1', 'c1'].map(work));
  expect(most[0]).toBe('a1');
  expect(most.every((some) => some.split(',').length <= 2 && some !== 'a1,a2')).toBe(true);
  await expect(turns.take('a', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  expect(await turns.take('a', () => Promise.resolve('done'))).toBe('done');
});
