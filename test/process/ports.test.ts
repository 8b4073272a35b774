import { createServer } from 'node:net';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Listening, listen } from '../listening.ts';
import { CLASS, gateway, route } from './manifests.ts';
import { freePort, get, Site, sluice, until } from './sluice.ts';

let site: Site;
let shared: number;
let taken: number;
let stranger: Listening;

beforeAll(async () => {
  [shared, taken] = [await freePort(), await freePort()];
  stranger = await listen(createServer(), { host: '127.0.0.1', port: taken });
  site = await Site.make({
    'class.yaml': CLASS,
    'b.yaml': gateway('b', shared),
    'taken.yaml': gateway('taken', taken),
  });
  await site.start();
});

afterAll(async () => {
  await site.destroy();
  await stranger.stop();
});

describe('a port that another program has', () => {
  it('is not bound, and the listener says who has it', async () => {
    await until('it is told', async () => (await site.listener('taken', 'http')).includes('PortUnavailable'));
    const conditions = await site.listener('taken', 'http');
    expect(conditions).toContain(
      `Accepted=False (PortUnavailable): TCP port ${taken} on 0.0.0.0 is held by process ${process.pid} (node)`,
    );
    expect(conditions).toContain('Programmed=False (Invalid)');
  });

  it('is bound once the program lets go of it', async () => {
    await stranger.stop();
    await until('the port is served', async () => (await get(taken, '/')) === 404);
    expect(await site.listener('taken', 'http')).toContain('Accepted=True');
  });
});

describe('two Gateways on one port', () => {
  it('go to the one that comes first, although the other had it; it never shares', async () => {
    expect(await get(shared, '/')).toBe(404);
    site.write('a.yaml', gateway('a', shared));
    await until('a has the port', async () => (await site.listener('a', 'http')).includes('Programmed=True'));
    expect(await site.listener('b', 'http')).toContain(
      `Accepted=False (PortUnavailable): TCP port ${shared} on 0.0.0.0 is held by listener http of Gateway default/a`,
    );
    await until('a serves', async () => (await get(shared, '/')) === 404);
  });

  it('are told apart by addresses of their own', async () => {
    site.write('a.yaml', gateway('a', shared, 'addresses: [{ value: 127.0.0.2 }]'));
    site.write('b.yaml', gateway('b', shared, 'addresses: [{ value: 127.0.0.1 }]'));
    await until('b has a port', async () => (await site.listener('b', 'http')).includes('Programmed=True'));
    await until('a has one', async () => (await site.listener('a', 'http')).includes('Programmed=True'));
    await until('both serve', async () => {
      const other = await fetch(`http://127.0.0.2:${shared}/`).then(
        ({ status }) => status,
        () => 0,
      );
      return (await get(shared, '/')) === 404 && other === 404;
    });
  });
});

describe('a second run', () => {
  it('on the same state folder exits with 3 and names the holder', async () => {
    const { code, stderr } = await sluice([
      'run',
      site.manifests,
      '--state-dir',
      site.state,
      '--admin',
      `127.0.0.1:${await freePort()}`,
    ]);
    expect(stderr).toMatch(
      /^sluice run: --state-dir \S+ is in use by process \d+ \(node\): stop it, or choose another folder\n$/u,
    );
    expect(code).toBe(3);
  });

  it('on the same admin port exits with 3 and names the holder', async () => {
    const { code, stderr } = await sluice([
      'run',
      site.manifests,
      '--state-dir',
      join(site.folder, 't'),
      '--admin',
      site.admin,
    ]);
    expect(stderr).toMatch(
      /^sluice run: --admin \S+ is in use by process \d+ \(node\): stop it, or choose another address\n$/u,
    );
    expect(code).toBe(3);
    expect(readdirSync(join(site.folder, 't'))).toEqual([]);
  });
});

describe('a controller that comes back after it was killed', () => {
  it('ends the proxies of Gateways that are no more, and keeps the others', async () => {
    await until('three are on record', () => site.records('envoy').length === 3);
    const before = site.records('envoy').map(({ pid }) => pid);
    site.signal('SIGKILL');
    await site.ended();
    site.remove('taken.yaml');
    expect(await get(taken, '/')).toBe(404);
    await site.start();
    await until('the orphan is gone', () => site.records('envoy').length === 2);
    expect(before).toEqual(expect.arrayContaining(site.records('envoy').map(({ pid }) => pid)));
    await until('nobody serves its port', async () => String(await get(taken, '/')).includes('ECONNREFUSED'));
  });

  it('lets a proxy keep what it has while a document cannot be read: a policy may be in it', async () => {
    site.write('r.yaml', route('r', 'b', '/r', 1));
    await until('the route is there', async () => (await get(shared, '/r')) === 503);
    site.signal('SIGKILL');
    await site.ended();
    site.write('r.yaml', 'kind: [HTTPRoute\n');
    await site.start({ ready: false });
    await until('it has read everything', async () => (await site.ask('/readyz'))?.includes('r.yaml:') === true);
    expect(await get(shared, '/r')).toBe(503);
    site.write('r.yaml', route('r', 'b', '/s', 1));
    await until('the change is live', async () => (await get(shared, '/s')) === 503);
    await until('it is ready', async () => (await site.ask('/readyz')) === 'ok\n');
  });

  it('leaves them alone while a document cannot be read: it may be theirs', async () => {
    site.signal('SIGKILL');
    await site.ended();
    site.write('a.yaml', 'kind: [Gateway\n');
    await site.start({ ready: false });
    await until('it has read everything', async () => (await site.ask('/readyz'))?.includes('a.yaml:') === true);
    expect(site.records('envoy')).toHaveLength(2);
    expect(await fetch(`http://127.0.0.2:${shared}/`).then(({ status }) => status)).toBe(404);
    site.remove('a.yaml');
    await until('the orphan is gone, now that it is known', () => site.records('envoy').length === 1);
  });
});
