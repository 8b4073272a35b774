import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLASS, gateway } from './manifests.ts';
import { freePort, get, Site, until } from './sluice.ts';

let site: Site;
let port: number;

beforeAll(async () => {
  port = await freePort();
  site = await Site.make({ 'gateway.yaml': CLASS + gateway('shop', port) });
});

afterAll(() => site.destroy());

describe('a state folder in which nothing can be made, as on a full disk', () => {
  it('keeps a proxy from starting, which is told, and the proxy starts once there is space', async () => {
    mkdirSync(site.state);
    writeFileSync(join(site.state, 'proxies'), '');
    await site.start({ ready: false });
    await until('the reason is told', () =>
      site
        .log()
        .some(
          ({ msg, gateway: key }) => msg === 'the proxy cannot be started, it is tried again' && key === 'default/shop',
        ),
    );
    await until(
      'it is not ready',
      async () =>
        (await site.ask('/readyz'))?.includes('the proxy of Gateway default/shop has not acknowledged') === true,
    );
    await until('its status says so', async () =>
      (await site.listener('shop', 'http')).includes('Programmed=False (Pending)'),
    );
    rmSync(join(site.state, 'proxies'));
    await until('it serves', async () => (await get(port, '/')) === 404);
    await until('it is ready', async () => (await site.ask('/readyz')) === 'ok\n');
    site.signal('SIGTERM');
    expect(await site.ended()).toBe(0);
  });
});
