import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { backend, CLASS, gatewayOf, manifest, route, to, yamlOf } from '../envoy/route-site.ts';
import { type Listening, listen } from '../listening.ts';
import { freePort, Site, until } from './sluice.ts';

const credential = (value: string) => yamlOf([manifest('Secret', 'key', { stringData: { credential: value } })]);
const filter = (spec: object) => yamlOf([manifest('HTTPRouteFilter', 'filter', spec)]);
const INJECTION = { credentialInjection: { credential: { valueRef: { name: 'key' } } } };

let site: Site;
let port: number;
let server: Listening;
const seen: (string | undefined)[] = [];
beforeAll(async () => {
  port = await freePort();
  server = await listen(
    createServer((request, response) => {
      seen.push(request.headers.authorization);
      response.end();
    }),
  );
  const extensionRef = { group: 'gateway.envoyproxy.io', kind: 'HTTPRouteFilter', name: 'filter' };
  site = await Site.make({
    'all.yaml': yamlOf([
      CLASS,
      gatewayOf([{ name: 'http', protocol: 'HTTP', port }]),
      route([{ filters: [{ type: 'ExtensionRef', extensionRef }], backendRefs: [to('api')] }]),
      backend('api', [server.port]),
    ]),
  });
  await site.start();
});
afterAll(async () => {
  await site.destroy();
  await server.stop();
});

/** Asks until the answer has a status and, where one is given, the back-end got a credential. */
const becomes = (status: number, authorization?: string): Promise<void> =>
  until(`${status} ${authorization ?? ''}`, async () => {
    // A connection that is older than a filter is refused by what stands in its place.
    const response = await fetch(`http://127.0.0.1:${port}/`, { headers: { connection: 'close' } }).catch(
      () => undefined,
    );
    await response?.text();
    return response?.status === status && (authorization === undefined || seen.at(-1) === authorization);
  });

describe('an HTTPRouteFilter', () => {
  it('that comes later is in force, and with each change of what it refers to', async () => {
    await becomes(500);
    site.write('filter.yaml', filter(INJECTION));
    site.write('key.yaml', credential('first'));
    await becomes(200, 'first');
    site.write('key.yaml', credential('second'));
    await becomes(200, 'second');
  });

  it('whose Secret goes, or that goes itself, closes its rule again', async () => {
    site.remove('key.yaml');
    await becomes(500);
    site.write('key.yaml', credential('third'));
    await becomes(200, 'third');
    site.remove('filter.yaml');
    await becomes(500);
  });

  it('that answers takes its body from a ConfigMap, whatever that says now', async () => {
    const valueRef = { group: '', kind: 'ConfigMap', name: 'page' };
    site.write('filter.yaml', filter({ directResponse: { statusCode: 203, body: { type: 'ValueRef', valueRef } } }));
    await becomes(500);
    const page = (text: string) => yamlOf([manifest('ConfigMap', 'page', { data: { 'response.body': text } })]);
    for (const text of ['one', 'x'.repeat(10_000), 'three']) {
      site.write('page.yaml', page(text));
      await until(text.slice(0, 5), async () => {
        const headers = { connection: 'close' };
        const response = await fetch(`http://127.0.0.1:${port}/`, { headers }).catch(() => undefined);
        return (await response?.text()) === text;
      });
    }
  });
});
