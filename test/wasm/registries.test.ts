import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Misbehave } from '#controller/oci/testing/fake-registry.ts';
import { descriptor, json, packImage } from '#wasm-filters/build/image.ts';
import { writeTar } from '#wasm-filters/build/tar.ts';
import { extension, FilterSite, image } from './filter-site.ts';
import { userFilter } from './user-filter.ts';

const TAR = 'application/vnd.oci.image.layer.v1.tar+gzip';

/** An archive whose first header says that a name of a megabyte follows. */
function hugeHeader(): Uint8Array {
  const archive = Buffer.from(writeTar('x', new Uint8Array(1024 * 1024).fill(0x61)));
  archive.write('x', 156);
  archive.write('        ', 148);
  const sum = archive.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  archive.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return new Uint8Array(archive);
}

/** What a registry does for a repository, and what is said of the policy that wants an image of it. */
const CASES: { readonly [name: string]: { readonly does?: Misbehave; readonly says: RegExp } } = {
  hangs: { does: () => true, says: /has not been fetched yet|no whole answer after/u },
  lies: {
    does: (request, response) => {
      if (request.url?.includes('/blobs/') !== true) return false;
      response.write(Buffer.alloc(1024 * 1024));
      response.end();
      return true;
    },
    says: /found a body of more than \d+ bytes/u,
  },
  bomb: { says: /unpacks to more than 69206016 bytes/u },
  header: { says: /headers of more than 65536 bytes/u },
  digest: {
    does: (request, response) => {
      if (request.url?.includes('/blobs/') !== true) return false;
      void userFilter('v66').then((bytes) => response.end(bytes));
      return true;
    },
    says: /the bytes that came have the digest sha256:/u,
  },
  closed: {
    does: (_, response) => {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end();
      return true;
    },
    says: /does not allow it, without credentials/u,
  },
  throttles: {
    does: (_, response) => {
      response.writeHead(429, { 'retry-after': '30' }).end('{"errors":[{"code":"TOOMANYREQUESTS"}]}');
      return true;
    },
    says: /answered 429 \(TOOMANYREQUESTS\)/u,
  },
};

const NAMES = Object.keys(CASES);

let at: FilterSite;
beforeAll(async () => {
  at = await FilterSite.make([...NAMES, 'good', 'plain']);
  const { registry } = at;
  const config = json({});
  const put = (name: string, mediaType: string, layer: Uint8Array): void => {
    const layers = [descriptor(mediaType, layer)];
    const manifest = json({ schemaVersion: 2, config: descriptor('application/json', config), layers });
    const type = 'application/vnd.oci.image.manifest.v1+json';
    registry.put(name, 'v1', { mediaType: type, manifest, blobs: [layer, config] });
  };
  for (const name of [...NAMES, 'good']) registry.put(name, 'v1', packImage(await userFilter('v01'), 'artifact'));
  put('bomb', TAR, gzipSync(Buffer.alloc(100 * 1024 * 1024)));
  put('header', TAR, gzipSync(hugeHeader()));
  registry.misbehave = (request, response) => {
    const [, name = ''] = /^\/v2\/([a-z]+)\//u.exec(request.url ?? '') ?? [];
    return CASES[name]?.does?.(request, response) ?? false;
  };
  const policies = [...NAMES, 'good'].map((name) => extension(name, [image(`${registry.host}/${name}:v1`)]));
  at.site.write('p.yaml', policies.join(''));
  await at.site.start();
});
afterAll(() => at.destroy());

describe('a registry', () => {
  it.each(NAMES)('that %s closes the routes of its images, with a reason in the status', async (name) => {
    await at.says(name, CASES[name]?.says ?? /^$/u);
    expect(await at.ask(`/${name}`)).toMatchObject({ status: 500 });
  });

  it('that does as it should is not held up by others', async () => {
    await at.becomes('/good', '200 v01:');
    expect(await at.ask('/plain')).toMatchObject({ status: 200, response: null });
  });
});
