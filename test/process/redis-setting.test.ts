import { afterEach, describe, expect, it } from 'vitest';
import { CLASS, gateway } from './manifests.ts';
import { freePort, Site, sluice, until } from './sluice.ts';

let site: Site | undefined;
afterEach(() => site?.destroy());

/** Where the sidecar says that it counts, once it says so. */
async function countedIn(config: object): Promise<unknown> {
  const made = await Site.make({ 'a.yaml': CLASS + gateway('shop', await freePort()) });
  site = made;
  made.configure(config);
  await made.start();
  const said = () => made.log().find(({ msg }) => msg === 'global rate limits are counted');
  await until('the sidecar says where it counts', () => said() !== undefined);
  return said()?.['where'];
}

describe('global rate limits', () => {
  it('are counted in memory unless a Redis is set', async () => {
    expect(await countedIn({})).toBe('memory');
  });

  it('are counted in the Redis that is set, whose password is nowhere to be seen', async () => {
    expect(await countedIn({ sluice: { redis: { url: 'redis://:s3cr3t@127.0.0.1:1' } } })).toBe('redis');
    await until('it says that there is none', () => JSON.stringify(site?.log()).includes('no connection to Redis'));
    const { stdout } = await sluice(['config-dump', '--admin', site?.admin ?? '']);
    expect(JSON.stringify(site?.log()) + stdout).not.toContain('s3cr3t');
  });
});
