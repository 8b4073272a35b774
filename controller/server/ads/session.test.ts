import { describe, expect, it } from 'vitest';
import { collectGarbage } from '../../runtime/memory.ts';
import { leftOut } from '../../xds/left-out.ts';
import { EMPTY_SNAPSHOT, type XdsSnapshot } from '../../xds/snapshot.ts';
import type { XdsType } from '../../xds/types.ts';
import { SESSION_TIMES } from './session.ts';
import { type Scripted, scripted, settle, snapshot } from './testing/scripted-client.ts';

const WORLD_A = { cluster: ['a'], endpoint: ['a'], listener: ['l'], route: ['r=to a'] } as const;
const WORLD_B = { cluster: ['b'], endpoint: ['b'], listener: ['l'], route: ['r=to b'] } as const;

describe('a client that connects', () => {
  it('gets clusters and endpoints first, and listeners only when those are acknowledged', () => {
    const client = scripted(snapshot(WORLD_A));
    client.say('cluster');
    expect(client.sent()).toEqual(['cluster +a']);
    client.say('listener');
    client.say('endpoint', { subscribe: ['a'] });
    expect(client.sent()).toEqual(['endpoint +a']);
    client.ack('endpoint');
    expect(client.sent()).toEqual([]);
    client.ack('cluster');
    expect(client.sent()).toEqual(['listener +l']);
  });

  it('is complete when it has acknowledged everything, and not before', () => {
    const client = scripted(snapshot(WORLD_A));
    client.say('cluster');
    client.say('endpoint', { subscribe: ['a'] });
    client.ack('endpoint');
    client.ack('cluster');
    client.say('listener');
    client.ack('listener');
    client.say('route', { subscribe: ['r'] });
    expect(client.completed()).toBe(0);
    client.ack('route');
    expect(client.completed()).toBe(1);
  });

  it('is answered although there is nothing to send: Envoy waits for an answer to its first wildcard request', () => {
    const client = scripted(EMPTY_SNAPSHOT);
    client.say('cluster');
    expect(client.sent()).toEqual(['cluster']);
  });

  it('is told of a resource it asked for by name that there is none', () => {
    const client = scripted(snapshot(WORLD_A));
    client.say('endpoint', { subscribe: ['gone'] });
    expect(client.sent()).toEqual(['endpoint -gone']);
  });

  it('sends extension configurations one at a time: Envoy says only once that it rejects one', () => {
    const client = scripted(snapshot({ 'extension-config': ['a', 'b', 'c'] }));
    client.say('extension-config', { subscribe: ['a', 'b', 'c'] });
    expect(client.sent()).toEqual(['extension-config +a']);
    client.nack('extension-config', 'not this one');
    expect(client.sent()).toEqual(['extension-config +b']);
    client.ack('extension-config');
    expect(client.sent()).toEqual(['extension-config +c']);
    client.ack('extension-config');
    expect(client.rejections).toMatchObject([{ name: 'a', message: 'not this one' }]);
    expect(client.sent()).toEqual([]);
  });

  it('is left without an answer when that is an extension configuration: Envoy has a timeout for it', () => {
    const client = scripted(snapshot(WORLD_A));
    client.say('extension-config', { subscribe: ['policy'] });
    expect(client.sent()).toEqual([]);
  });

  it('gets modules when it has its routes: it stands still while it compiles them', () => {
    const world = { ...WORLD_A, 'extension-config': ['policy'] } as const;
    const client = scripted(snapshot(world));
    client.say('cluster');
    client.say('endpoint', { subscribe: ['a'] });
    client.ack('endpoint');
    client.ack('cluster');
    client.say('listener');
    client.say('extension-config', { subscribe: ['policy'] });
    client.say('route', { subscribe: ['r'] });
    client.ack('listener');
    expect(client.sent()).not.toContain('extension-config +policy');
    client.ack('route');
    expect(client.sent()).toEqual(['extension-config +policy']);
    expect(client.completed()).toBe(0);
    client.ack('extension-config');
    expect(client.completed()).toBe(1);
    client.session.publish(snapshot({ ...world, route: ['r=2'], 'extension-config': ['policy=2'] }));
    expect(client.sent()).toEqual(['extension-config +policy']);
    client.ack('extension-config');
    expect(client.sent()).toEqual(['route +r']);
  });

  it('gets modules before its routes where others serve meanwhile, though these wait no longer than ten seconds', () => {
    const world = { ...WORLD_A, 'extension-config': ['policy', 'filter'] } as const;
    const begun = () => {
      const client = scripted(snapshot(world), 'first');
      client.say('cluster');
      client.say('endpoint', { subscribe: ['a'] });
      client.ack('endpoint');
      client.ack('cluster');
      client.say('listener');
      client.say('route', { subscribe: ['r'] });
      client.ack('listener');
      client.sent();
      client.say('extension-config', { subscribe: ['policy', 'filter'] });
      return client;
    };
    const client = begun();
    expect(client.sent()).toEqual(['extension-config +policy']);
    client.ack('extension-config');
    expect(client.sent()).toEqual(['extension-config +filter']);
    client.nack('extension-config', 'bad');
    expect(client.sent()).toEqual(['route +r']);
    expect(client.completed()).toBe(0);
    const late = begun();
    late.sent();
    late.clock.pass(10_000);
    expect(late.sent()).toEqual(['route +r']);
  });

  it('gets where connections go when it has the clusters that they go to', () => {
    const stream = 'sluice.stream/a/b/tcp';
    const world = { cluster: ['a'], endpoint: ['a'], listener: ['l'], 'extension-config': [stream] } as const;
    const client = scripted(snapshot(world));
    client.say('cluster');
    client.say('endpoint', { subscribe: ['a'] });
    client.ack('endpoint');
    client.ack('cluster');
    client.say('listener');
    client.ack('listener');
    client.sent();
    client.say('extension-config', { subscribe: [stream] });
    expect(client.sent()).toEqual([`extension-config +${stream}`]);
    client.ack('extension-config');
    const next = { ...world, cluster: ['b'], endpoint: ['b'], 'extension-config': [`${stream}=2`] } as const;
    client.session.publish(snapshot(next));
    expect(client.sent()).toEqual(['cluster +b']);
    client.say('endpoint', { subscribe: ['b'] });
    client.ack('endpoint');
    expect(client.sent()).not.toContain(`extension-config +${stream}`);
    client.ack('cluster');
    expect(client.sent()).toEqual([`extension-config +${stream}`]);
  });

  it('that says which versions it has is sent only what differs', () => {
    const desired = snapshot({ cluster: ['a', 'b=2'] });
    const version = desired.cluster.get('a')?.version ?? '';
    const client = scripted(desired);
    client.say('cluster', {
      initialVersions: new Map([
        ['a', version],
        ['b', 'old'],
        ['gone', 'old'],
      ]),
    });
    expect(client.sent()).toEqual(['cluster +b']);
    client.ack('cluster');
    client.clock.pass(SESSION_TIMES.drain);
    expect(client.sent()).toEqual(['cluster -gone']);
  });
});

describe('a change of the cluster that a route uses', () => {
  it('makes the new cluster, switches the route, and breaks the old cluster after the drain', () => {
    const client = scripted(snapshot(WORLD_A));
    settle(client, 'a');
    client.session.publish(snapshot(WORLD_B));
    expect(client.sent()).toEqual(['cluster +b']);
    client.say('endpoint', { subscribe: ['b'] });
    client.ack('endpoint');
    client.ack('cluster');
    expect(client.sent()).toEqual(['endpoint +b', 'route +r']);
    client.ack('route');
    expect(client.sent()).toEqual([]);
    client.clock.pass(SESSION_TIMES.drain - 1);
    expect(client.sent()).toEqual([]);
    client.clock.pass(1);
    expect(client.sent()).toEqual(['cluster -a', 'endpoint -a']);
  });

  it('does not hold up routes for longer than the deadline when a cluster never finishes warming', () => {
    const client = scripted(snapshot(WORLD_A));
    settle(client, 'a');
    client.session.publish(snapshot(WORLD_B));
    client.clock.pass(SESSION_TIMES.makeDeadline);
    expect(client.sent()).toEqual(['cluster +b', 'route +r']);
  });
});

describe('a cluster that never finishes warming', () => {
  /** The client has `slow` and withholds the acknowledgement of everything of its kind. */
  function withSlowCluster(): Scripted {
    const client = scripted(snapshot(WORLD_A));
    settle(client, 'a');
    client.session.publish(snapshot({ ...WORLD_A, cluster: ['a', 'slow'] }));
    client.clock.pass(SESSION_TIMES.makeDeadline);
    client.sent();
    return client;
  }

  it('is told once its deadline has passed', () => {
    expect(withSlowCluster().warming).toEqual([['slow']]);
  });

  it('holds up no other cluster: one whose endpoints are acknowledged has warmed', () => {
    const client = withSlowCluster();
    client.session.publish(snapshot({ ...WORLD_B, cluster: ['a', 'slow', 'b'], endpoint: ['a', 'b'] }));
    expect(client.sent()).toEqual(['cluster +b']);
    client.say('endpoint', { subscribe: ['b'] });
    expect(client.sent()).toEqual(['endpoint +b']);
    client.ack('endpoint');
    expect(client.sent()).toEqual(['route +r']);
  });

  it('holds up no cluster that comes and goes, however often', () => {
    const client = withSlowCluster();
    for (let round = 0; round < 50; round += 1) {
      client.session.publish(snapshot({ ...WORLD_B, cluster: ['a', 'slow', 'b'], endpoint: ['a', 'b'] }));
      client.say('endpoint', { subscribe: ['b'] });
      client.ack('endpoint');
      client.ack('route');
      client.session.publish(snapshot({ ...WORLD_A, cluster: ['a', 'slow'] }));
      client.ack('route');
      client.clock.pass(SESSION_TIMES.drain);
      client.say('endpoint', { unsubscribe: ['b'] });
      client.ack('endpoint');
      expect(client.sent()).toEqual(['cluster +b', 'endpoint +b', 'route +r', 'route +r', 'cluster -b', 'endpoint -b']);
    }
    expect(client.warming).toEqual([['slow']]);
  });

  it('holds up what comes after another one, however many answers are withheld by then', () => {
    const client = withSlowCluster();
    for (let round = 0; round < 50; round += 1) {
      // Of anything else it goes on talking, though not while it is waited for.
      client.say('endpoint');
      client.session.publish(snapshot({ ...WORLD_A, cluster: ['a', 'slow', `slow${round}`] }));
      client.session.publish(snapshot({ ...WORLD_A, cluster: ['a', 'slow', `slow${round}`, `next${round}`] }));
      client.clock.pass(SESSION_TIMES.makeDeadline);
      expect(client.sent().join()).toContain(`+next${round}`);
    }
  });

  it('is not waited for longer because of changes that come meanwhile', () => {
    const client = scripted(snapshot(WORLD_A));
    settle(client, 'a');
    client.session.publish(snapshot({ ...WORLD_A, cluster: ['a', 'slow'] }));
    client.clock.pass(SESSION_TIMES.makeDeadline - 1);
    client.session.publish(snapshot({ ...WORLD_B, cluster: ['a', 'slow', 'b'], endpoint: ['a', 'b'] }));
    expect(client.sent()).toEqual(['cluster +slow']);
    client.clock.pass(1);
    expect(client.sent()).toEqual(['cluster +b']);
  });

  it('is told no more when nothing needs it, and again when something does', () => {
    const client = withSlowCluster();
    client.session.publish(snapshot(WORLD_A));
    expect(client.warming).toEqual([['slow'], []]);
    client.session.publish(snapshot({ ...WORLD_A, cluster: ['a', 'slow'] }));
    expect(client.warming).toEqual([['slow'], [], ['slow']]);
  });

  it('is told no more as soon as its endpoints are acknowledged', () => {
    const client = scripted(snapshot(WORLD_A));
    settle(client, 'a');
    client.session.publish(snapshot({ ...WORLD_B, cluster: ['a', 'b'], endpoint: ['a', 'b'] }));
    client.clock.pass(SESSION_TIMES.makeDeadline);
    client.say('endpoint', { subscribe: ['b'] });
    expect(client.warming).toEqual([['b']]);
    client.ack('endpoint');
    expect(client.warming).toEqual([['b'], []]);
  });

  it('is told to have warmed when its acknowledgement comes after all', () => {
    const client = withSlowCluster();
    client.ack('cluster');
    expect(client.warming).toEqual([['slow'], []]);
  });
});

describe('what a client had', () => {
  /** A client that is just being sent a snapshot. */
  function beingSent(): { readonly client: Scripted; readonly before: WeakRef<XdsSnapshot> } {
    const before = snapshot(WORLD_A);
    const client = scripted(before);
    client.say('cluster');
    client.clock.pass(SESSION_TIMES.makeDeadline);
    return { client, before: new WeakRef(before) };
  }

  it('is not kept: it may have been much', async () => {
    const { client, before } = beingSent();
    client.session.publish(snapshot({}));
    client.ack('cluster');
    // Until the end of a job a WeakRef that was made in it keeps what it is of.
    await new Promise((resolve) => setImmediate(resolve));
    collectGarbage();
    expect(before.deref()).toBeUndefined();
  });
});

describe('a client that is slow to answer', () => {
  it('and says nothing at all is sent no more than a few responses', () => {
    const client = scripted(snapshot(WORLD_A));
    settle(client, 'a');
    for (let round = 0; round < 100; round += 1) {
      client.session.publish(snapshot({ ...WORLD_A, cluster: ['a', `c${round}`] }));
      client.clock.pass(SESSION_TIMES.makeDeadline);
    }
    expect(client.sent().filter((response) => response.startsWith('cluster')).length).toBeLessThan(20);
  });

  it('has one unanswered response of a kind, and gets what changed meanwhile in one', () => {
    const client = scripted(snapshot({ cluster: ['a=1'] }));
    client.say('cluster');
    client.session.publish(snapshot({ cluster: ['a=2'] }));
    client.session.publish(snapshot({ cluster: ['a=3', 'b'] }));
    expect(client.sent()).toEqual(['cluster +a']);
    client.ack('cluster');
    expect(client.sent()).toEqual(['cluster +a +b']);
  });
});

describe('a client that rejects a resource', () => {
  it('is reported with its words, is not sent that version again, and never counts as complete with it', () => {
    const client = scripted(snapshot({ listener: ['l=bad'] }));
    client.say('cluster');
    client.ack('cluster');
    client.say('listener');
    client.nack('listener', 'no such filter');
    expect(client.rejections).toMatchObject([{ type: 'listener', name: 'l', message: 'no such filter' }]);
    client.sent();
    client.session.publish(snapshot({ listener: ['l=bad'] }));
    expect(client.sent()).toEqual([]);
    expect(client.completed()).toBe(0);
    expect(client.rejections).toHaveLength(1);
  });

  it('is reported once more where it comes back before the client was told that it is gone', () => {
    const client = scripted(snapshot({ cluster: ['c=bad'] }));
    client.say('cluster');
    client.nack('cluster', 'bad');
    client.session.publish(EMPTY_SNAPSHOT);
    client.session.publish(snapshot({ cluster: ['c=bad'] }));
    expect(client.rejections).toHaveLength(2);
    expect(client.sent()).toEqual(['cluster +c']);
  });

  it('is sent the next version, and completes with it', () => {
    const client = scripted(snapshot({ listener: ['l=bad'] }));
    client.say('cluster');
    client.ack('cluster');
    client.say('listener');
    client.nack('listener', 'no such filter');
    client.sent();
    client.session.publish(snapshot({ listener: ['l=good'] }));
    expect(client.sent()).toEqual(['listener +l']);
    client.ack('listener');
    expect(client.completed()).toBe(1);
  });
});

describe('a client that rejects what is another by then', () => {
  it('says nothing of what it is to have now', () => {
    const client = scripted(snapshot({ cluster: ['c=bad'] }));
    client.say('cluster');
    client.session.publish(snapshot({ cluster: ['c=good'] }));
    client.nack('cluster', 'bad');
    expect(client.sent()).toEqual(['cluster +c', 'cluster +c']);
    client.ack('cluster');
    expect(client.rejections).toEqual([]);
    expect(client.completed()).toBe(1);
  });

  it('says nothing of what it has been sent since, and is asked anew where the version before is wanted again', () => {
    const client = scripted(snapshot({ cluster: ['c=bad'] }));
    client.say('cluster');
    client.clock.pass(SESSION_TIMES.makeDeadline);
    client.session.publish(snapshot({ cluster: ['c=good'] }));
    expect(client.sent()).toEqual(['cluster +c', 'cluster +c']);
    client.say('cluster', { nonce: '1', error: 'bad' });
    client.session.publish(snapshot({ cluster: ['c=bad'] }));
    expect(client.rejections).toEqual([]);
    client.ack('cluster');
    expect(client.sent()).toEqual(['cluster +c']);
    client.nack('cluster', 'still bad');
    expect(client.rejections).toMatchObject([{ type: 'cluster', name: 'c', message: 'still bad' }]);
  });

  it('has said it of the version that comes back before the other was sent: it is told then', () => {
    const world = { listener: ['l'], route: ['r'] } as const;
    const client = scripted(snapshot({ ...world, 'virtual-host': ['r/any=bad'] }));
    client.say('cluster');
    client.ack('cluster');
    client.say('listener');
    client.ack('listener');
    client.say('route', { subscribe: ['r'] });
    client.ack('route');
    client.say('virtual-host');
    expect(client.sent()).toContain('virtual-host +r/any');
    // It waits for a cluster.
    client.session.publish(snapshot({ ...world, cluster: ['slow'], 'virtual-host': ['r/any=good'] }));
    client.nack('virtual-host', 'bad');
    expect(client.sent()).toEqual(['cluster +slow']);
    expect(client.rejections).toEqual([]);
    client.session.publish(snapshot({ ...world, cluster: ['slow'], 'virtual-host': ['r/any=bad'] }));
    expect(client.rejections).toMatchObject([{ name: 'r/any', message: 'bad' }]);
    client.ack('cluster');
    expect(client.sent()).toEqual([]);
    expect(client.completed()).toBe(0);
  });
});

describe('a client that rejects one of many resources', () => {
  const names = Array.from({ length: 9 }, (_, i) => `c${i}`);
  /** Answers every response until nothing is sent any more; one that has `bad` in it is rejected. */
  const answerAll = (client: Scripted, bad: string): string[] => {
    const responses: string[] = [];
    for (let sent = client.sent(); sent.length > 0; sent = client.sent()) {
      responses.push(...sent);
      if (sent.some((response) => response.includes(`+${bad}`))) client.nack('cluster', 'bad cluster');
      else client.ack('cluster');
    }
    return responses;
  };

  it('gets all others, and the one is found by halves', () => {
    const client = scripted(snapshot({ cluster: names }));
    client.say('cluster');
    const responses = answerAll(client, 'c5');
    expect(client.rejections).toMatchObject([{ type: 'cluster', name: 'c5', message: 'bad cluster' }]);
    expect(responses.length).toBeLessThanOrEqual(9);
  });

  it('is told of together with the others, at the end of the search', () => {
    const hosts = ['r/a=bad', 'r/b', 'r/c=bad', 'r/d'];
    const client = scripted(snapshot({ listener: ['l'], route: ['r'], 'virtual-host': hosts }));
    client.say('cluster');
    client.ack('cluster');
    client.say('listener');
    client.ack('listener');
    client.say('route', { subscribe: ['r'] });
    client.ack('route');
    client.say('virtual-host');
    client.nack('virtual-host', 'one of four');
    client.nack('virtual-host', 'one of a and b');
    client.nack('virtual-host', 'a');
    client.ack('virtual-host');
    client.nack('virtual-host', 'one of c and d');
    expect(client.rejections).toEqual([]);
    client.nack('virtual-host', 'c');
    expect(client.rejections).toEqual([]);
    client.ack('virtual-host');
    expect(client.rejections.map(({ name, message }) => `${name}: ${message}`)).toEqual(['r/a: a', 'r/c: c']);
  });

  it('is told before routes that lead to it, however long the search goes on', () => {
    const client = scripted(snapshot({ cluster: ['a=bad', 'b', 'c', 'd'] }));
    client.say('cluster');
    client.nack('cluster', 'one of four');
    client.nack('cluster', 'one of a and b');
    client.nack('cluster', 'a');
    expect(client.rejections).toEqual([]);
    expect(client.session.stage).toBe('make');
    client.clock.pass(SESSION_TIMES.makeDeadline);
    expect(client.rejections).toMatchObject([{ name: 'a', message: 'a' }]);
  });

  it('goes on to listeners and routes, and keeps what is gone, since the old version may still use it', () => {
    const client = scripted(snapshot(WORLD_A));
    settle(client, 'a');
    client.session.publish(snapshot({ cluster: ['b=bad'], listener: ['l'], route: ['r=to b'] }));
    client.nack('cluster', 'bad cluster');
    client.ack('route');
    client.clock.pass(SESSION_TIMES.drain);
    expect(client.sent()).toEqual(['cluster +b', 'route +r']);
    expect(client.completed()).toBe(1);
  });
});

describe('a filter of a user', () => {
  const NAME = 'sluice.wasm/default/policy/0';
  /** A client that has a filter in a version, or left out, and rejects a cluster ever since. */
  function running(version: 'loaded' | 'left out'): Scripted {
    const before = snapshot({ ...WORLD_A, 'extension-config': [`${NAME}=loaded`] });
    const configs = new Map([[NAME, leftOut(NAME)]]);
    const client = scripted(version === 'loaded' ? before : { ...before, 'extension-config': configs });
    client.say('extension-config', { subscribe: [NAME] });
    client.ack('extension-config');
    settle(client, 'a');
    client.ack('extension-config');
    client.session.publish({ ...snapshot({ ...WORLD_A, cluster: ['a', 'bad'], route: ['r=closed'] }) });
    client.nack('cluster', 'bad');
    return client;
  }

  it('that was left out is not any more as soon as there are routes that want it, whatever else is rejected', () => {
    const client = running('left out');
    expect(client.sent().filter((line) => line.includes('extension-config'))).toEqual([]);
    client.ack('route');
    expect(client.sent()).toEqual([`extension-config -${NAME}`]);
  });

  it('that was not left out stays until nothing is rejected', () => {
    const client = running('loaded');
    client.ack('route');
    client.clock.pass(SESSION_TIMES.drain);
    expect(client.sent().filter((line) => line.includes('extension-config'))).toEqual([]);
    client.session.publish(snapshot({ ...WORLD_A, route: ['r=closed'] }));
    client.clock.pass(SESSION_TIMES.drain);
    expect(client.sent()).toContain(`extension-config -${NAME}`);
  });
});

describe('a cluster that changes under its name', () => {
  it('has its endpoints sent again: Envoy waits for them and does not ask', () => {
    const client = scripted(snapshot(WORLD_A));
    settle(client, 'a');
    client.session.publish(snapshot({ ...WORLD_A, cluster: ['a=2'] }));
    expect(client.sent()).toEqual(['cluster +a', 'endpoint +a']);
  });
});

describe('virtual hosts', () => {
  const HOSTS = { listener: ['l'], route: ['r'], 'virtual-host': ['r/a', 'r/b'] } as const;

  /** A client that has all of it, or all but what it has not answered yet. */
  function serving(hosts: Parameters<typeof snapshot>[0] = HOSTS): Scripted {
    const client = scripted(snapshot(hosts));
    client.say('cluster');
    client.ack('cluster');
    client.say('listener');
    client.ack('listener');
    client.say('route', { subscribe: ['r'] });
    client.say('virtual-host');
    return client;
  }

  function settled(): Scripted {
    const client = serving();
    client.ack('route');
    client.ack('virtual-host');
    client.clock.pass(SESSION_TIMES.drain);
    client.sent();
    return client;
  }

  it('come once their RouteConfiguration is acknowledged: before that the client drops them', () => {
    const client = serving();
    expect(client.sent().slice(-1)).toEqual(['route +r']);
    client.ack('route');
    expect(client.sent()).toEqual(['virtual-host +r/a +r/b']);
    expect(client.completed()).toBe(0);
    client.ack('virtual-host');
    expect(client.completed()).toBe(1);
  });

  it('come each by itself when it changes', () => {
    const client = settled();
    client.session.publish(snapshot({ ...HOSTS, 'virtual-host': ['r/a', 'r/b=2', 'r/c'] }));
    expect(client.sent()).toEqual(['virtual-host +r/b +r/c']);
  });

  it('go with what comes in their place, in one response', () => {
    const client = settled();
    client.session.publish(snapshot({ ...HOSTS, 'virtual-host': ['r/a', 'r/c'] }));
    expect(client.sent()).toEqual(['virtual-host +r/c -r/b']);
  });

  it('wait for a RouteConfiguration that is rejected until it is mended, and hold up nothing', () => {
    const client = serving({ ...HOSTS, route: ['r=bad'] });
    client.nack('route', 'bad');
    expect(client.sent().slice(-1)).toEqual(['route +r']);
    client.session.publish(snapshot(HOSTS));
    client.ack('route');
    expect(client.sent()).toEqual(['route +r', 'virtual-host +r/a +r/b']);
  });

  it('are sent again with a RouteConfiguration that is asked for anew', () => {
    const client = settled();
    client.say('route', { subscribe: ['r'] });
    client.ack('route');
    expect(client.sent()).toEqual(['route +r', 'virtual-host +r/a +r/b']);
  });

  it('outlive their RouteConfiguration as long as the client has connections that use it', () => {
    const client = settled();
    client.session.publish(snapshot({}));
    client.ack('listener');
    client.clock.pass(SESSION_TIMES.drain);
    expect(client.sent().filter((response) => response.startsWith('virtual-host'))).toEqual([]);
    client.say('route', { unsubscribe: ['r'] });
    expect(client.sent()).toEqual(['virtual-host -r/a -r/b']);
  });

  it('are not sent again to a client that comes back with them', () => {
    const desired = snapshot(HOSTS);
    const versions = (type: XdsType): Map<string, string> =>
      new Map([...desired[type].values()].map(({ name, version }) => [name, version]));
    const client = scripted(desired);
    client.say('virtual-host', { initialVersions: versions('virtual-host') });
    client.say('cluster');
    client.ack('cluster');
    client.say('listener', { initialVersions: versions('listener') });
    client.say('route', { subscribe: ['r'], initialVersions: versions('route') });
    expect(client.sent()).toEqual(['cluster', 'listener']);
    client.ack('listener');
    expect(client.completed()).toBe(1);
  });
});
