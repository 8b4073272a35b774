import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_FETCH_SETTINGS } from '#extproc/outbound/fetch-settings.ts';
import { createFetcher, type Fetcher } from '#extproc/outbound/guarded-fetch.ts';
import { IMAGE_LAYOUTS, json, packImage, descriptor } from '#wasm-filters/build/image.ts';
import type { Outcome } from '../resources/verdict.ts';
import type { Credentials } from './credentials.ts';
import { digestOf } from './image-module.ts';
import { LIMITS } from './limits.ts';
import { type PulledModule, pullModule } from './pull.ts';
import { pushImage } from './push.ts';
import { type ImageReference, parseReference } from './reference.ts';
import type { RegistryReason } from './registry.ts';
import { type FakeRegistry, startFakeRegistry } from './testing/fake-registry.ts';
import { proxyWasm } from './testing/proxy-wasm.ts';

const WASM = proxyWasm('one');
const ALICE: Credentials = { kind: 'password', username: 'alice', password: 's3cret' };

let registry: FakeRegistry;
let fetcher: Fetcher;
beforeEach(async () => {
  registry = await startFakeRegistry();
  fetcher = createFetcher({ ...DEFAULT_FETCH_SETTINGS, timeout: 20_000 });
});
afterEach(async () => {
  await fetcher.close();
  await registry.stop();
});

const reference = (text: string): ImageReference => {
  const parsed = parseReference(text);
  if (!parsed.ok) throw new Error(parsed.refusal.message);
  return parsed.value;
};

interface Pull {
  readonly credentials?: Credentials;
  readonly mirrors?: ReadonlyMap<string, readonly string[]>;
  readonly timeout?: number;
}

const pull = (name: string, { credentials, mirrors = new Map(), timeout }: Pull = {}) =>
  pullModule({
    fetch: (request) => fetcher.fetch(timeout === undefined ? request : { ...request, timeout }),
    reference: reference(name.replace('REGISTRY', registry.host)),
    credentials,
    mirrors,
  });

const said = (outcome: Outcome<PulledModule, RegistryReason>): string =>
  outcome.ok ? `ok ${outcome.value.module.digest}` : `${outcome.refusal.reason}: ${outcome.refusal.message}`;

describe.each(IMAGE_LAYOUTS)('an image of layout %s', (layout) => {
  it('is pushed and pulled, its module the same, and the second push sends nothing again', async () => {
    const options = {
      fetch: fetcher.fetch,
      endpoint: registry.url,
      reference: reference('x.example/a/b:1'),
      credentials: undefined,
    };
    const image = packImage(WASM, layout);
    const outcomes: string[] = [];
    const pushed = await pushImage(options, image, (_, outcome) => outcomes.push(outcome));
    expect(pushed).toEqual({ ok: true, value: digestOf(image.manifest) });
    expect(outcomes).toEqual(['sent', 'sent']);
    await pushImage(options, image, (_, outcome) => outcomes.push(outcome));
    expect(outcomes.slice(2)).toEqual(['present', 'present']);
    const pulled = await pull('REGISTRY/a/b:1');
    expect(pulled).toMatchObject({
      ok: true,
      value: {
        image: { digest: digestOf(image.manifest) },
        module: { digest: digestOf(WASM), bytes: WASM, layout },
      },
    });
    expect(said(await pull(`REGISTRY/a/b@${digestOf(image.manifest)}`))).toBe(`ok ${digestOf(WASM)}`);
  });
});

it.each([
  ['artifact', 'sha256:34e48df7642a121d59a21c0fc1500997bc2af136f71b4fabbaf70fb05e9ad113'],
  ['compat', 'sha256:3a57b55bc8a4e2a58e3337ea0b7585e65c4d312a3eb04b6f5da5c0d9ba6a2c03'],
] as const)('an image of layout %s has the same digest for the same module, on every machine', (layout, digest) => {
  expect(digestOf(packImage(Uint8Array.of(1, 2, 3), layout).manifest)).toBe(digest);
});

it.each(['application/vnd.module.wasm.content.layer.v1+wasm', 'application/vnd.wasm.content.layer.v1+wasm'])(
  'an image with a layer of the older type %s is read',
  async (mediaType) => {
    const config = json({});
    const manifest = json({
      schemaVersion: 2,
      config: descriptor('application/vnd.module.wasm.config.v1+json', config),
      layers: [descriptor(mediaType, WASM)],
    });
    // Its manifest does not say what it is; the answer does.
    registry.put('a/b', '1', {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      manifest,
      blobs: [WASM, config],
    });
    expect(said(await pull('REGISTRY/a/b:1'))).toBe(`ok ${digestOf(WASM)}`);
  },
);

it('of a list the image for Wasm is taken, or the first that is no record of a build', async () => {
  const images = ['amd64', 'unknown', 'wasm'].map((architecture) => {
    const image = packImage(proxyWasm(architecture), 'compat');
    registry.put('a/b', architecture, image);
    return { ...descriptor(image.mediaType, image.manifest), platform: { architecture, os: 'any' } };
  });
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const put = (tag: string, manifests: readonly object[]) =>
    registry.put('a/b', tag, { mediaType, manifest: json({ schemaVersion: 2, mediaType, manifests }), blobs: [] });
  put('all', images);
  put('docker', images.slice(0, 2));
  put('none', images.slice(1, 2));
  expect(said(await pull('REGISTRY/a/b:all'))).toBe(`ok ${digestOf(proxyWasm('wasm'))}`);
  expect(said(await pull('REGISTRY/a/b:docker'))).toBe(`ok ${digestOf(proxyWasm('amd64'))}`);
  expect(said(await pull('REGISTRY/a/b:none'))).toMatch(/^Malformed: the list sha256:\w+ has no image/u);
});

describe('a registry that wants to know who asks', () => {
  beforeEach(() => registry.put('a/b', '1', packImage(WASM, 'artifact')));

  it.each(['basic', 'bearer'] as const)('by %s gets the credentials, and is asked once for them', async (kind) => {
    registry.auth = { kind, word: 'alice:s3cret' };
    expect(said(await pull('REGISTRY/a/b:1', { credentials: ALICE }))).toBe(`ok ${digestOf(WASM)}`);
    expect(registry.requests.filter((request) => request.includes('/v2/'))).toHaveLength(3);
  });

  it.each(['basic', 'bearer'] as const)(
    'by %s and gets none, or wrong ones, is told of, without them',
    async (kind) => {
      registry.auth = { kind, word: 'alice:s3cret' };
      expect(said(await pull('REGISTRY/a/b:1'))).toMatch(/^Unauthorized: .*without credentials/u);
      const wrong = said(await pull('REGISTRY/a/b:1', { credentials: { ...ALICE, password: 'gu3ss' } }));
      expect(wrong).toMatch(/^Unauthorized: .*with these credentials/u);
      expect(wrong).not.toContain('gu3ss');
    },
  );

  it('takes its own token as it is', async () => {
    registry.auth = { kind: 'bearer', word: 'x' };
    const token = { kind: 'registry-token', token: 'token-of-x' } as const;
    expect(said(await pull('REGISTRY/a/b:1', { credentials: token }))).toBe(`ok ${digestOf(WASM)}`);
  });

  it('and gives a token for a refresh token gets one that is posted', async () => {
    registry.auth = { kind: 'bearer', word: 'x' };
    let posted = '';
    registry.misbehave = (request, response) => {
      if (request.method !== 'POST') return false;
      request.on('data', (chunk: Buffer) => (posted += chunk.toString()));
      request.on('end', () => response.end('{"access_token":"token-of-x"}'));
      return true;
    };
    const credentials = { kind: 'refresh-token', token: 'again' } as const;
    expect(said(await pull('REGISTRY/a/b:1', { credentials }))).toBe(`ok ${digestOf(WASM)}`);
    expect(posted).toContain('grant_type=refresh_token');
    expect(posted).toContain('refresh_token=again');
  });

  it.each([
    ['ftp://127.0.0.1/token', /^Malformed: .*sends for a token to/u],
    ['no url', /^Malformed: .*sends for a token to/u],
    ['http://169.254.169.254/latest/meta-data', /^Forbidden: /u],
  ])('sends nobody for a token to %s', async (realm, reason) => {
    registry.misbehave = (_, response) => {
      response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}"` }).end();
      return true;
    };
    expect(said(await pull('REGISTRY/a/b:1', { credentials: ALICE }))).toMatch(reason);
  });

  it('keeps credentials from where its blobs are kept', async () => {
    const other = await startFakeRegistry();
    const image = packImage(WASM, 'artifact');
    other.put('a/b', '1', image);
    registry.auth = { kind: 'basic', word: 'alice:s3cret' };
    registry.misbehave = (request, response) => {
      if (request.url?.includes('/blobs/') !== true) return false;
      response.writeHead(307, { location: new URL(request.url, other.url).href }).end();
      return true;
    };
    expect(said(await pull('REGISTRY/a/b:1', { credentials: ALICE }))).toBe(`ok ${digestOf(WASM)}`);
    expect(other.authorizations).toEqual([undefined]);
    await other.stop();
  });
});

describe('a registry that is not what it should be', () => {
  const image = packImage(WASM, 'artifact');
  beforeEach(() => registry.put('a/b', '1', image));

  it('hangs: the pull ends in time', async () => {
    registry.misbehave = () => true;
    expect(said(await pull('REGISTRY/a/b:1', { timeout: 100 }))).toMatch(/^Unavailable: .*100 ms/u);
  });

  it('hangs in the middle of a layer: the pull ends in time', async () => {
    registry.misbehave = (request, response) => {
      if (request.url?.includes('/blobs/') !== true) return false;
      response.writeHead(200).write(WASM.subarray(0, 5));
      return true;
    };
    expect(said(await pull('REGISTRY/a/b:1', { timeout: 100 }))).toMatch(/^Unavailable: .*100 ms/u);
  });

  it.each([429, 500, 502, 503])('answers %i: it can be tried again later', async (status) => {
    registry.misbehave = (_, response) => {
      response.writeHead(status, { 'retry-after': '30' }).end('{"errors":[{"code":"TOOMANYREQUESTS"}]}');
      return true;
    };
    expect(said(await pull('REGISTRY/a/b:1'))).toMatch(
      status === 429 ? /^Throttled: .*429 \(TOOMANYREQUESTS\).*"30" s/u : /^Unavailable: .*answered 50/u,
    );
  });

  it('does not have the image: what it says is told', async () => {
    expect(said(await pull('REGISTRY/a/b:2'))).toMatch(/^NotFound: .*404 \(MANIFEST_UNKNOWN: there is none\)/u);
  });

  it('sends the wrong manifest for a digest, and a manifest that is not what its header says', async () => {
    registry.misbehave = (request, response) => {
      if (request.url?.includes('/manifests/') !== true) return false;
      const headers = { 'content-type': image.mediaType, 'docker-content-digest': digestOf(image.manifest) };
      response.writeHead(200, headers).end(packImage(proxyWasm('other'), 'artifact').manifest);
      return true;
    };
    expect(said(await pull(`REGISTRY/a/b@${digestOf(image.manifest)}`))).toMatch(/^DigestMismatch: manifest/u);
    expect(said(await pull('REGISTRY/a/b:1'))).toMatch(/^DigestMismatch: manifest/u);
  });

  it('sends another layer of the same size', async () => {
    registry.misbehave = (request, response) => {
      if (request.url?.includes('/blobs/') !== true) return false;
      response.end(Uint8Array.from(WASM, (byte) => byte ^ 1));
      return true;
    };
    expect(said(await pull('REGISTRY/a/b:1'))).toMatch(/^DigestMismatch: blob/u);
  });

  it.each([
    ['more', Buffer.alloc(WASM.length + 1), /^Malformed: .*at most/u],
    ['without an end', Buffer.alloc(4 * 1024 * 1024), /^Malformed: .*at most/u],
    ['less', WASM.subarray(1), /^DigestMismatch: .*bytes came, the manifest says/u],
  ])('sends %s than the manifest says', async (_, body, reason) => {
    registry.misbehave = (request, response) => {
      if (request.url?.includes('/blobs/') !== true) return false;
      // No content-length: it is not said beforehand.
      response.write(body);
      response.end();
      return true;
    };
    expect(said(await pull('REGISTRY/a/b:1'))).toMatch(reason);
  });

  it('says that a layer is larger than any that is accepted: it is not asked for', async () => {
    const config = json({});
    const layer = { ...descriptor('application/wasm', WASM), size: LIMITS.layer + 1 };
    const { mediaType } = image;
    const manifest = json({ schemaVersion: 2, config: descriptor('a/b', config), layers: [layer] });
    registry.put('a/b', 'large', { mediaType, manifest, blobs: [WASM, config] });
    expect(said(await pull('REGISTRY/a/b:large'))).toMatch(/^Malformed: layer sha256:\w+ has 67108865 bytes/u);
    expect(registry.requests).toHaveLength(1);
  });

  it('sends a manifest without an end', async () => {
    registry.misbehave = (_, response) => {
      response.writeHead(200, { 'content-type': image.mediaType }).end(Buffer.alloc(LIMITS.manifest + 1, ' '));
      return true;
    };
    expect(said(await pull('REGISTRY/a/b:1'))).toMatch(/^Malformed: .*at most 524288 bytes/u);
  });

  it.each([
    ['{}', /a manifest of type ""/u],
    ['[]', /no JSON object/u],
    ['{"mediaType":"application/vnd.oci.image.manifest.v1+json"}', /config: a descriptor/u],
    [
      '{"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"a","digest":"sha256:../../x","size":1},"layers":[]}',
      /config: a descriptor/u,
    ],
    ['{"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[{}]}', /manifests: at most/u],
  ])('sends %s for a manifest', async (text, reason) => {
    registry.put('a/b', 'odd', { mediaType: '', manifest: Buffer.from(text), blobs: [] });
    expect(said(await pull('REGISTRY/a/b:odd'))).toMatch(reason);
  });

  it('sends words that would be many lines in a log: they are one, and short', async () => {
    registry.misbehave = (_, response) => {
      const message = `\n\u001B[31m${'x'.repeat(1_000)}`;
      response.writeHead(404).end(JSON.stringify({ errors: [{ code: 'A', message }] }));
      return true;
    };
    const text = said(await pull('REGISTRY/a/b:1'));
    expect(text).toMatch(/^[\x20-\x7e]+$/u);
    expect(text.length).toBeLessThan(400);
  });
});

describe('a mirror', () => {
  const image = packImage(WASM, 'artifact');

  it('is asked instead of the registry, below its path', async () => {
    registry.put('cache/team/filter', '1', image);
    const mirrors = new Map([['my.private.registry', [`${registry.url.href}cache`]]]);
    expect(said(await pull('oci://my.private.registry/team/filter:1', { mirrors }))).toBe(`ok ${digestOf(WASM)}`);
  });

  it('that does not have an image is no loss', async () => {
    const origin = await startFakeRegistry();
    origin.put('a/b', '1', image);
    const mirrors = new Map([[origin.host, [registry.url.href]]]);
    expect(said(await pull(`${origin.host}/a/b:1`, { mirrors }))).toBe(`ok ${digestOf(WASM)}`);
    expect(registry.requests).toHaveLength(1);
    await origin.stop();
  });
});
