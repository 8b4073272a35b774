import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../runtime/clock.ts';
import { Reflector } from './reflector.ts';
import { type ScriptedApiServer, scriptedApiServer } from './testing/scripted-api-server.ts';

const BACKENDS = { group: 'gateway.envoyproxy.io', versions: ['v1alpha1'], plural: 'backends', kind: 'Backend' };
const TABLE = 'gateway.envoyproxy.io/backends';
const DEFINITIONS = {
  group: 'apiextensions.k8s.io',
  versions: ['v1'],
  plural: 'customresourcedefinitions',
  kind: 'CustomResourceDefinition',
};

const POLL = { interval: 20 };

describe('a reflector', () => {
  let server: ScriptedApiServer | undefined;
  const reflectors: Reflector[] = [];
  afterEach(async () => {
    for (const reflector of reflectors.splice(0)) reflector.stop();
    await server?.close();
  });

  async function begin({ served = true, random = () => 0 } = {}) {
    const api = await scriptedApiServer(served ? [BACKENDS, DEFINITIONS] : [DEFINITIONS]);
    server = api;
    const told: string[] = [];
    const failures: string[] = [];
    const health: string[] = [];
    const known = new Set<string>();
    const reflector = new Reflector({
      ...BACKENDS,
      server: api.client(),
      mayBeAbsent: true,
      clock: systemClock,
      random,
      health: {
        fine: () => health.push('fine'),
        failed: (_what, message) => {
          failures.push(message);
          health.push('failed');
        },
      },
      reflection: {
        upsert: ({ metadata, spec }, listed) => {
          known.add(`${metadata.namespace}/${metadata.name}`);
          told.push(`${listed ? 'listed' : 'changed'} ${metadata.name} ${JSON.stringify(spec)}`);
        },
        delete: ({ metadata }) => {
          known.delete(`${metadata.namespace}/${metadata.name}`);
          told.push(`gone ${metadata.name}`);
        },
        listed: (seen) => {
          for (const id of known) {
            if (seen.has(id)) continue;
            known.delete(id);
            told.push(`missing ${id}`);
          }
        },
      },
    });
    reflectors.push(reflector);
    return { api, told, failures, health, known, reflector };
  }

  const put = (api: ScriptedApiServer, name: string, spec: unknown) =>
    api.store.put(TABLE, { metadata: { namespace: 'default', name }, spec });
  const lists = (api: ScriptedApiServer) =>
    api.calls.filter(({ verb, resource }) => verb === 'list' && resource === 'backends').length;
  const watching = (api: ScriptedApiServer) => expect.poll(() => api.calls.at(-1)?.verb).toBe('watch');

  it('lists in pages, says when all is told, and follows what happens then', async () => {
    const { api, told, known, reflector } = await begin();
    for (let index = 0; index < 1_100; index += 1) put(api, `b${index}`, 0);
    reflector.start();
    await reflector.synced;
    expect(known.size).toBe(1_100);
    expect(lists(api)).toBe(3);
    await watching(api);
    put(api, 'b7', 1);
    api.store.delete(TABLE, 'default', 'b8');
    await expect.poll(() => told.slice(-2)).toEqual(['changed b7 1', 'gone b8']);
  });

  it('resumes a watch that is cut where it was, without a list, bookmarks included', async () => {
    const { api, told, reflector } = await begin();
    put(api, 'a', 0);
    reflector.start();
    await reflector.synced;
    await watching(api);
    api.store.put('other/things', { metadata: { name: 'elsewhere' } });
    api.bookmark();
    put(api, 'a', 1);
    await expect.poll(() => told.at(-1)).toBe('changed a 1');
    api.cut();
    put(api, 'a', 2);
    await expect.poll(() => told.at(-1)).toBe('changed a 2');
    expect(lists(api)).toBe(1);
    expect(told).toEqual(['listed a 0', 'changed a 1', 'changed a 2']);
  });

  it('lists anew when the server has forgotten, and finds what is gone', async () => {
    const { api, told, reflector } = await begin();
    put(api, 'a', 0);
    put(api, 'b', 0);
    reflector.start();
    await reflector.synced;
    await watching(api);
    await api.down();
    api.store.delete(TABLE, 'default', 'a');
    put(api, 'c', 0);
    api.store.compact();
    await api.up();
    await expect.poll(() => told.slice(2)).toEqual(['listed b 0', 'listed c 0', 'missing default/a']);
    put(api, 'c', 1);
    await expect.poll(() => told.at(-1)).toBe('changed c 1');
  });

  it('tells nothing while the server is gone, and goes on when it is back', async () => {
    const { api, told, failures, reflector } = await begin();
    put(api, 'a', 0);
    reflector.start();
    await reflector.synced;
    await watching(api);
    await api.down();
    await expect.poll(() => failures.length).toBeGreaterThan(1);
    expect(told).toEqual(['listed a 0']);
    put(api, 'a', 1);
    await api.up();
    await expect.poll(() => told).toEqual(['listed a 0', 'changed a 1']);
  });

  it('takes a kind that is not installed for empty, and finds it once it is', async () => {
    const { api, told, reflector } = await begin({ served: false });
    reflector.start();
    await reflector.synced;
    api.install(BACKENDS);
    put(api, 'a', 0);
    reflector.wake();
    await expect.poll(() => told).toEqual(['listed a 0']);
  });

  it('finds a kind that is installed while it finds out that it is not', async () => {
    const { api, told, reflector } = await begin({ served: false });
    api.script.refuse = ({ verb }) => {
      if (verb === 'get' && api.calls.length === 2) {
        api.install(BACKENDS);
        put(api, 'a', 0);
        reflector.wake();
      }
      return undefined;
    };
    reflector.start();
    await expect.poll(() => told, { timeout: 10_000 }).toEqual(['listed a 0']);
  });

  it('tells soon that nothing is there of a kind that is not installed, also who asks while it finds that out', async () => {
    const { api, reflector } = await begin({ served: false });
    let hasTold = false;
    api.script.refuse = ({ verb }) => {
      if (verb === 'get' && api.calls.length === 2) void reflector.relist().then(() => (hasTold = true));
      return undefined;
    };
    reflector.start();
    await expect.poll(() => hasTold, { timeout: 10_000 }).toBe(true);
  });

  it('believes that a kind is gone only when its definition is: a server that starts does not know it yet', async () => {
    const { api, told, failures, reflector } = await begin();
    put(api, 'a', 0);
    const definition = { metadata: { name: 'backends.gateway.envoyproxy.io' } };
    api.store.put('apiextensions.k8s.io/customresourcedefinitions', definition);
    reflector.start();
    await reflector.synced;
    await watching(api);
    api.script.refuse = ({ resource }) => (resource === 'backends' ? 404 : undefined);
    api.cut();
    await expect.poll(() => failures.join()).toContain('does not serve it just now');
    expect(told).toEqual(['listed a 0']);
    api.store.delete('apiextensions.k8s.io/customresourcedefinitions', '', 'backends.gateway.envoyproxy.io');
    await expect.poll(() => told).toEqual(['listed a 0', 'missing default/a']);
  });

  it('takes no kind that is defined for absent at its start, unless it is in none of the versions that are known', async () => {
    const { api, told, failures, reflector } = await begin();
    const define = (name: string): unknown =>
      api.store.put('apiextensions.k8s.io/customresourcedefinitions', {
        metadata: { name: 'backends.gateway.envoyproxy.io' },
        spec: { versions: [{ name, served: true }] },
      });
    define('v1alpha1');
    put(api, 'a', 0);
    api.script.refuse = ({ resource }) => (resource === 'backends' ? 404 : undefined);
    reflector.start();
    await expect.poll(() => failures.join()).toContain('does not serve it just now');
    expect(told).toEqual([]);
    define('v9');
    await reflector.synced;
    expect(told).toEqual([]);
  });

  it('takes a kind for absent, and says so, whose definition has never been in force since its names are taken', async () => {
    const { api, told, failures, health, reflector } = await begin();
    const define = (namesAccepted: string, established: string): unknown =>
      api.store.put('apiextensions.k8s.io/customresourcedefinitions', {
        metadata: { name: 'backends.gateway.envoyproxy.io' },
        spec: { versions: [{ name: 'v1alpha1', served: true }] },
        status: {
          conditions: [
            {
              type: 'NamesAccepted',
              status: namesAccepted,
              reason: 'ListKindConflict',
              message: '"BackendList" is in use',
            },
            { type: 'Established', status: established },
          ],
        },
      });
    // It was in force before: the API server only does not know that yet.
    define('False', 'True');
    api.script.refuse = ({ resource }) => (resource === 'backends' ? 404 : undefined);
    reflector.start();
    await expect.poll(() => failures.join()).toContain('does not serve it just now');
    define('False', 'False');
    reflector.wake();
    await reflector.synced;
    expect(failures.at(-1)).toBe('its definition is not in force, its names are taken: "BackendList" is in use');
    // It stays the same trouble, which is told of once.
    const before = health.length;
    reflector.wake();
    await expect.poll(() => health.length).toBeGreaterThan(before);
    expect(health).not.toContain('fine');
    define('True', 'True');
    put(api, 'a', 0);
    api.script.refuse = () => undefined;
    reflector.wake();
    await expect.poll(() => told).toEqual(['listed a 0']);
    expect(health.at(-1)).toBe('fine');
  });

  it('tries what is refused again, and begins with a list when a watch is refused for good', async () => {
    const { api, told, reflector } = await begin();
    put(api, 'a', 0);
    reflector.start();
    await reflector.synced;
    await watching(api);
    let refusals = 0;
    api.script.refuse = ({ verb }) => (verb === 'watch' && (refusals += 1) < 5 ? 504 : undefined);
    api.cut();
    await expect.poll(() => lists(api)).toBe(2);
    put(api, 'a', 1);
    await expect.poll(() => told.at(-1)).toBe('changed a 1');
  });

  it('loses nothing with a server whose every answer is seconds late', async () => {
    const { api, told, failures, reflector } = await begin();
    api.script.delay = () => 1_500;
    put(api, 'a', 0);
    reflector.start();
    await expect.poll(() => told, POLL).toEqual(['listed a 0']);
    // Between the list and the watch, which is as late.
    put(api, 'a', 1);
    await expect.poll(() => told.at(-1), POLL).toBe('changed a 1');
    api.cut();
    put(api, 'a', 2);
    api.store.delete(TABLE, 'default', 'a');
    await expect.poll(() => told.slice(2), POLL).toEqual(['changed a 2', 'gone a']);
    expect(lists(api)).toBe(1);
    // Of the connection that was cut, and of nothing that was only late.
    expect(failures.length).toBeLessThanOrEqual(1);
  });

  it('tells what a watch held back when that goes on, and nothing is gone in between', async () => {
    const { api, told, known, reflector } = await begin();
    put(api, 'a', 0);
    put(api, 'b', 0);
    reflector.start();
    await reflector.synced;
    await watching(api);
    const flow = api.stall();
    put(api, 'a', 1);
    api.store.delete(TABLE, 'default', 'b');
    put(api, 'c', 0);
    await new Promise((resolve) => {
      setTimeout(resolve, 300);
    });
    expect([...known]).toEqual(['default/a', 'default/b']);
    flow();
    await expect.poll(() => told.slice(2)).toEqual(['changed a 1', 'gone b', 'changed c 0']);
    expect(lists(api)).toBe(1);
  });

  it('tries not before a server asks it to that has too much to do (429), and keeps what it knows', async () => {
    const { api, told, known, failures, reflector } = await begin();
    put(api, 'a', 0);
    reflector.start();
    await reflector.synced;
    await watching(api);
    api.script.refuse = () => ({ status: 429, retryAfter: 6 });
    const before = api.calls.length;
    api.cut();
    await expect.poll(() => api.calls.length).toBeGreaterThan(before);
    await new Promise((resolve) => {
      setTimeout(resolve, 1_500);
    });
    // Without the pause that it is asked for there would be five.
    expect(api.calls.length - before).toBe(1);
    expect(failures.join()).toContain('429');
    put(api, 'a', 1);
    api.script.refuse = () => undefined;
    await expect.poll(() => told, POLL).toEqual(['listed a 0', 'changed a 1']);
    expect(known.size).toBe(1);
    expect(lists(api)).toBe(1);
  });

  it.each([500, 502, 503, 504])(
    'keeps what it knows while a server answers %i, and finds what changed',
    async (code) => {
      const { api, told, failures, reflector } = await begin();
      put(api, 'a', 0);
      put(api, 'b', 0);
      reflector.start();
      await reflector.synced;
      await watching(api);
      api.script.refuse = () => code;
      api.cut();
      await expect.poll(() => failures.length, POLL).toBeGreaterThan(2);
      expect(told).toEqual(['listed a 0', 'listed b 0']);
      api.store.delete(TABLE, 'default', 'b');
      put(api, 'a', 1);
      api.script.refuse = () => undefined;
      await expect.poll(() => told.slice(2).join().includes('a 1') && told.join().includes('b'), POLL).toBe(true);
      await expect.poll(() => told.at(-1), POLL).toMatch(/a 1|gone b|missing default\/b/u);
    },
  );

  it('takes no part of a list whose next page is refused for a whole one', async () => {
    const { api, told, failures, reflector } = await begin();
    for (let index = 0; index < 600; index += 1) put(api, `b${index}`, 0);
    let pages = 0;
    api.script.refuse = ({ verb, resource }) =>
      verb === 'list' && resource === 'backends' && (pages += 1) % 2 === 0 && pages < 6 ? 503 : undefined;
    reflector.start();
    await expect.poll(() => failures.length, POLL).toBe(2);
    await reflector.synced;
    expect(told.some((line) => line.startsWith('missing'))).toBe(false);
    expect(new Set(told).size).toBe(600);
  });

  it('lists anew when it is asked to, also while it lists', async () => {
    const { api, reflector } = await begin();
    put(api, 'a', 0);
    let asked = 0;
    api.script.seen = ({ verb }) => {
      if (verb === 'list' && (asked += 1) === 1) void reflector.relist();
    };
    reflector.start();
    await expect.poll(() => lists(api)).toBe(2);
    await watching(api);
    void reflector.relist();
    await expect.poll(() => lists(api)).toBe(3);
  });

  it('has told everything to who asked for a list, however many ask for another one in the meantime', async () => {
    const { api, told, reflector } = await begin();
    put(api, 'a', 0);
    let isAsking = true;
    api.script.seen = ({ verb }) => {
      if (verb === 'list' && isAsking) void reflector.relist();
    };
    reflector.start();
    await reflector.synced;
    put(api, 'b', 0);
    await reflector.relist();
    expect(told).toContain('listed b 0');
    expect(isAsking).toBe(true);
    isAsking = false;
    await watching(api);
  });
});
