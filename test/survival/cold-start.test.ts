import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLASS, gateway, route } from '../process/manifests.ts';
import { freePort, get, Site, until } from '../process/sluice.ts';
import { type EchoBackEnd, startEchoBackEnd } from '../seeds/echo-back-end.ts';

let echo: EchoBackEnd;
const sites: Site[] = [];
beforeAll(async () => {
  echo = await startEchoBackEnd('echo');
});
afterAll(async () => {
  for (const site of sites) await site.destroy();
  await echo.stop();
});

/** A gateway that starts with one good route and whatever `files` are. */
async function started(files: { readonly [name: string]: string }) {
  const port = await freePort();
  const site = await Site.make({
    'gateway.yaml': CLASS + gateway('shop', port),
    'good.yaml': route('good', 'shop', '/good', echo.port),
    ...files,
  });
  sites.push(site);
  return { site, port };
}

const BOMB = Array.from({ length: 12 }, (_, level) => {
  const inner = level === 0 ? '"lol"' : `*a${level - 1}`;
  return `a${level}: &a${level} [${Array.from({ length: 10 }, () => inner).join(', ')}]`;
}).join('\n');

const DENIED = `apiVersion: gateway.envoyproxy.io/v1alpha1
kind: SecurityPolicy
metadata: { name: denied }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, name: good }]
  authorization: { defaultAction: Deny }
`;

describe('a start with what nobody can read', () => {
  it.each([
    ['a YAML bomb', `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: bomb }\n${BOMB}\n`],
    ['half a document', 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: "half'],
    ['a file of 50 MB', `# ${'x'.repeat(50 * 1024 * 1024)}\n`],
  ])('(%s) serves nothing, is not ready and says which file it is, until that is mended', async (_, text) => {
    const { site, port } = await started({ 'bad.yaml': text });
    await site.start({ ready: false });
    await until('it is told', async () => /bad\.yaml:\d+:\d+: /u.test((await site.ask('/readyz')) ?? ''));
    expect(await get(port, '/good')).toContain('ECONNREFUSED');
    site.remove('bad.yaml');
    await until('it is ready', async () => (await site.ask('/readyz')) === 'ok\n');
    expect(await get(port, '/good')).toBe(200);
  });

  it('opens no route whose policy is what cannot be read', async () => {
    const policy = DENIED.replace('defaultAction: Deny', 'defaultAction: "Deny');
    const { site, port } = await started({ 'policy.yaml': policy });
    await site.start({ ready: false });
    await until('it is told', async () => (await site.ask('/readyz'))?.includes('policy.yaml') === true);
    expect(await get(port, '/good')).toContain('ECONNREFUSED');
    site.write('policy.yaml', DENIED);
    await until('it is ready', async () => (await site.ask('/readyz')) === 'ok\n');
    expect(await get(port, '/good')).toBe(403);
    site.write('policy.yaml', policy);
    const other = await freePort();
    site.write('other.yaml', gateway('other', other));
    await until('a new Gateway serves all the same', async () => (await get(other, '/')) === 404);
    expect(await get(port, '/good')).toBe(403);
  });

  it('is ready all the same with --allow-partial', async () => {
    const { site, port } = await started({ 'bad.yaml': 'kind: [' });
    await site.start({ more: ['--allow-partial'] });
    expect(await get(port, '/good')).toBe(200);
  });

  it('of a link that leads back is ready: nothing is missed', async () => {
    const { site } = await started({});
    symlinkSync(site.manifests, join(site.manifests, 'again'));
    await site.start();
    expect(site.log().some(({ msg }) => typeof msg === 'string' && msg.includes('it is not entered again'))).toBe(true);
  });

  it('of a link to nowhere is not: something is missed', async () => {
    const { site } = await started({});
    symlinkSync(join(site.folder, 'nowhere'), join(site.manifests, 'link.yaml'));
    await site.start({ ready: false });
    await until('it is told', async () => (await site.ask('/readyz'))?.includes('link.yaml') === true);
    writeFileSync(join(site.folder, 'nowhere'), '');
    await until('it is ready', async () => (await site.ask('/readyz')) === 'ok\n');
  });
});
