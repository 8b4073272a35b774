import { afterEach, describe, expect, it } from 'vitest';
import { type ManualClock, manualClock } from '#controller/runtime/testing/manual-clock.ts';
import type { ProxyRejections } from '#controller/status/rejections.ts';
import { metadataOf } from '../testing/object-store.ts';
import { type ScriptedApiServer, scriptedApiServer } from '../testing/scripted-api-server.ts';
import { REJECTIONS_LABEL, RejectionExchange } from './rejection-exchange.ts';

const CONFIG_MAPS = { group: '', versions: ['v1'], plural: 'configmaps', kind: 'ConfigMap' };
const TABLE = '/configmaps';
const RENEW = 15_000;
/** After so long without being renewed nothing counts any more. */
const DEAD = RENEW * 6;
const POLL = { timeout: 60_000, interval: 5 };

const listener = (message: string): ProxyRejections => ({
  key: 'default/shop',
  rejected: [{ type: 'listener', name: 'default/shop/web', message, policies: [] }],
  rejectedRoutes: [],
});

describe('replicas', () => {
  let server: ScriptedApiServer | undefined;
  const all: RejectionExchange[] = [];
  afterEach(async () => {
    for (const one of all.splice(0)) one.stop();
    await server?.close();
  });

  const begin = async (): Promise<ScriptedApiServer> => (server = await scriptedApiServer([CONFIG_MAPS]));

  function replica(
    api: ScriptedApiServer,
    name: string,
    {
      controllerName = 'example.com/us',
      podUid,
      renew = RENEW,
    }: { readonly controllerName?: string; readonly podUid?: string; readonly renew?: number } = {},
  ) {
    const clock = manualClock(1_000_000_000);
    const client = api.client();
    let writes = 0;
    const says: { rejections: readonly ProxyRejections[] } = { rejections: [] };
    const failures: string[] = [];
    let changes = 0;
    const exchange = new RejectionExchange({
      server: {
        ...client,
        ask: (request) => {
          if (request.method !== 'GET') writes += 1;
          return client.ask(request);
        },
      },
      namespace: 'system',
      controllerName,
      replica: { name, podUid },
      rejections: () => says.rejections,
      changed: () => (changes += 1),
      renew,
      clock,
      random: () => 0,
      health: { fine: () => undefined, failed: () => undefined },
      failed: (message) => failures.push(message),
    });
    all.push(exchange);
    exchange.start();
    return {
      exchange,
      clock,
      failures,
      changes: () => changes,
      writes: () => writes,
      /** Its proxies reject this from now on. */
      say: (...rejections: readonly ProxyRejections[]) => {
        says.rejections = rejections;
        exchange.look();
      },
      heard: () => exchange.others().flatMap(({ rejected }) => rejected.map(({ message }) => message)),
    };
  }

  const stored = (api: ScriptedApiServer) => api.store.list(TABLE);
  /** Lets a little time pass for some, again and again, until something is so. */
  async function until(
    isSo: () => boolean,
    some: readonly { readonly clock: ManualClock }[],
    step = 20,
  ): Promise<void> {
    await expect
      .poll(() => {
        const so = isSo();
        if (!so) for (const { clock } of some) clock.pass(step);
        return so;
      }, POLL)
      .toBe(true);
  }

  it('tell each other what their proxies reject, and when that is over', async () => {
    const api = await begin();
    const [a, b] = [replica(api, 'a', { podUid: 'uid-of-a' }), replica(api, 'b')];
    a.say(listener('no'));
    await until(() => b.heard().join() === 'no', [a, b]);
    expect(stored(api)).toMatchObject([
      {
        metadata: {
          namespace: 'system',
          labels: { [REJECTIONS_LABEL]: expect.any(String) },
          ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'a', uid: 'uid-of-a' }],
        },
        data: { replica: 'a' },
      },
    ]);
    expect(a.heard()).toEqual([]);
    a.say(listener('no more'));
    await until(() => b.heard().join() === 'no more', [a, b]);
    a.say();
    await until(() => b.heard().length === 0, [a, b]);
    expect(stored(api)).toEqual([]);
    expect(b.changes()).toBe(3);
  });

  it('write nothing where nothing is rejected', async () => {
    const api = await begin();
    const a = replica(api, 'a');
    await until(() => api.calls.some(({ verb }) => verb === 'watch'), [a]);
    a.clock.pass(RENEW * 3);
    expect(a.writes()).toBe(0);
  });

  it('write what is there already only to renew it, which is no change', async () => {
    const api = await begin();
    const renew = 1_000_000;
    const [a, b] = [replica(api, 'a', { renew }), replica(api, 'b', { renew })];
    a.say(listener('no'));
    await until(() => b.heard().length === 1, [a, b]);
    const before = a.writes();
    for (let look = 0; look < 10; look += 1) {
      a.exchange.look();
      a.clock.pass(2_000);
    }
    expect(a.writes()).toBe(before);
    const version = () => metadataOf(stored(api)[0] ?? {})['resourceVersion'];
    const old = version();
    a.clock.pass(renew);
    await until(() => version() !== old, [a]);
    b.clock.pass(10);
    expect(b.changes()).toBe(1);
  });

  it('leave out what is told by a replica that does not renew it, and the leader removes it', async () => {
    const api = await begin();
    const [a, b, leader] = [replica(api, 'a'), replica(api, 'b'), replica(api, 'leader')];
    leader.exchange.lead(true);
    a.say(listener('of a'));
    b.say(listener('of b'));
    await until(() => leader.heard().toSorted().join() === 'of a,of b', [a, b, leader]);
    // It hangs, or its Node is gone.
    a.exchange.stop();
    await until(() => leader.heard().join() === 'of b' && stored(api).length === 1, [b, leader], 500);
    expect(stored(api)).toMatchObject([{ data: { replica: 'b' } }]);
  });

  it('have all the time there is to renew when another begins to lead, as after an outage', async () => {
    const api = await begin();
    const [a, b] = [replica(api, 'a'), replica(api, 'b')];
    a.say(listener('no'));
    await until(() => b.heard().length === 1, [a, b]);
    b.clock.pass(DEAD);
    expect(b.heard()).toEqual([]);
    b.exchange.lead(true);
    expect(b.heard()).toEqual(['no']);
    expect(stored(api).length).toBe(1);
  });

  it('put right what somebody changes or removes, and what who was here before has left', async () => {
    const api = await begin();
    const [a, b] = [replica(api, 'a'), replica(api, 'b')];
    a.say(listener('no'));
    await until(() => b.heard().length === 1, [a, b]);
    const name = String(metadataOf(stored(api)[0] ?? {})['name']);
    api.store.delete(TABLE, 'system', name);
    await until(() => b.heard().length === 0, [b]);
    await until(() => b.heard().join() === 'no', [a, b]);
    api.store.put(TABLE, { ...stored(api)[0], data: { rejections: 'nonsense' } });
    await until(() => b.heard().length === 0, [b]);
    await until(() => b.heard().join() === 'no', [a, b]);
    a.exchange.stop();
    const next = replica(api, 'a');
    await until(() => b.heard().length === 0, [next, b]);
    expect(stored(api)).toEqual([]);
  });

  it('of another controller tell their own', async () => {
    const api = await begin();
    const [a, other] = [replica(api, 'a'), replica(api, 'a', { controllerName: 'example.com/them' })];
    a.say(listener('of us'));
    other.say(listener('of them'));
    await until(() => stored(api).length === 2, [a, other]);
    const second = replica(api, 'b');
    await until(() => second.heard().join() === 'of us', [second]);
    expect(other.heard()).toEqual([]);
  });

  it('try again what a server refuses, not before it asks them to, and tell what is true then', async () => {
    const api = await begin();
    const [a, b] = [replica(api, 'a'), replica(api, 'b')];
    api.script.refuse = ({ verb }) => (verb === 'patch' ? { status: 429, retryAfter: 30 } : undefined);
    a.say(listener('old'));
    await until(() => a.failures.length === 1, [a]);
    const before = a.writes();
    a.say(listener('new'));
    a.clock.pass(29_999);
    expect(a.writes()).toBe(before);
    expect(a.failures[0]).toContain('429');
    api.script.refuse = () => undefined;
    await until(() => b.heard().join() === 'new', [a, b]);
    expect(a.failures.length).toBe(1);
  });

  it('say so where more is rejected than can be told', async () => {
    const api = await begin();
    const [a, b] = [replica(api, 'a'), replica(api, 'b')];
    const rejected = Array.from({ length: 1_000 }, (_, at) => ({
      type: 'cluster',
      name: `c${at}`,
      message: 'x'.repeat(2_000),
      policies: [],
    }));
    a.say({ key: 'default/shop', rejected, rejectedRoutes: [] });
    await until(() => b.heard().length > 100, [a, b]);
    expect(b.heard().length).toBeLessThan(1_000);
    expect(a.failures.length).toBe(1);
    a.exchange.look();
    a.clock.pass(10_000);
    expect(a.failures.length).toBe(1);
  });
});
