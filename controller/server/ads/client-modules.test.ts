import { describe, expect, it } from 'vitest';
import { leftOut } from '../../xds/left-out.ts';
import { EMPTY_SNAPSHOT } from '../../xds/snapshot.ts';
import type { PodModules } from '../pod.ts';
import { SESSION_TIMES } from './session.ts';
import { type Scripted, scripted, settle, snapshot } from './testing/scripted-client.ts';

const WORLD = { cluster: ['a'], endpoint: ['a'], listener: ['l'], route: ['r'] } as const;
const WITH_MODULE = { ...WORLD, 'extension-config': ['policy=1@/one'] } as const;
const NEXT_MODULE = { ...WORLD, 'extension-config': ['policy=2@/two'] } as const;

/** The agent beside a client: it has these files, and they are all that is wanted once the test says so. */
function agent(...files: readonly string[]) {
  const has = new Set(files);
  const told = { isComplete: false };
  const modules: PodModules = {
    holds: (path) => has.has(path),
    get isComplete() {
      return told.isComplete;
    },
  };
  const come = (...more: readonly string[]): void => {
    for (const file of more) has.add(file);
    told.isComplete = true;
  };
  return { modules, come };
}

/** Has the clusters, and asks for what comes then. */
function starting(modules: PodModules): Scripted {
  const client = scripted(snapshot(WITH_MODULE), 'first', { modules });
  client.say('cluster');
  client.say('endpoint', { subscribe: ['a'] });
  client.ack('endpoint');
  client.ack('cluster');
  client.say('listener');
  client.sent();
  return client;
}

const takeListeners = (client: Scripted): void => {
  client.ack('listener');
  client.say('extension-config', { subscribe: ['policy'] });
  client.say('route', { subscribe: ['r'] });
};

describe('a client in a pod that has just started', () => {
  it('has its modules before its routes, and no listeners before its agent is there with them', () => {
    const { modules, come } = agent();
    const client = starting(modules);
    client.session.publish(snapshot(WITH_MODULE));
    client.clock.pass(7_999);
    expect([client.sent(), client.completed(), client.session.isClean]).toEqual([[], 0, false]);
    come('/one');
    client.session.publish(snapshot(WITH_MODULE));
    expect(client.sent()).toEqual(['listener +l']);
    // Whoever waited for the agent waits as long for the modules as if it had not.
    client.clock.pass(9_999);
    takeListeners(client);
    expect(client.sent()).toEqual(['extension-config +policy']);
    client.ack('extension-config');
    expect(client.sent()).toEqual(['route +r']);
    client.ack('route');
    expect(client.completed()).toBe(1);
  });

  it('serves what needs no module when its agent does not come, and has the module when it does', () => {
    const { modules, come } = agent();
    const client = starting(modules);
    client.clock.pass(8_000);
    expect(client.sent()).toEqual(['listener +l']);
    takeListeners(client);
    expect(client.sent()).toEqual(['route +r']);
    client.ack('route');
    expect(client.completed()).toBe(1);
    come('/one');
    client.session.publish(snapshot(WITH_MODULE));
    expect(client.sent()).toEqual(['extension-config +policy']);
  });

  it('waits for an agent that has none of what cannot be had no longer than until it is there', () => {
    const { modules, come } = agent();
    const client = starting(modules);
    come();
    client.session.publish(snapshot(WORLD));
    expect(client.sent()).toEqual(['listener +l']);
  });

  it('whose agent has the next module waits for that instead of serving without the one before', () => {
    const { modules, come } = agent();
    come('/two');
    const client = starting(modules);
    client.session.publish(snapshot(WITH_MODULE));
    takeListeners(client);
    expect(client.sent()).toEqual([]);
    client.session.publish(snapshot(NEXT_MODULE));
    expect(client.sent()).toEqual(['extension-config +policy']);
    client.ack('extension-config');
    expect(client.sent()).toEqual(['route +r']);
  });

  it('that comes again with listeners waits for nobody', () => {
    const client = scripted(snapshot(WORLD), 'first', { modules: agent().modules });
    client.say('cluster');
    client.say('endpoint', { subscribe: ['a'] });
    client.ack('endpoint');
    client.ack('cluster');
    client.say('listener', { initialVersions: new Map([['l', 'old']]) });
    client.say('route', { subscribe: ['r'], initialVersions: new Map([['r', 'old']]) });
    expect(client.sent()).toEqual(expect.arrayContaining(['listener +l', 'route +r']));
  });
});

describe('a client that serves', () => {
  function serving(modules: PodModules): Scripted {
    const client = scripted(snapshot(WITH_MODULE), 'last', { modules });
    client.say('extension-config', { subscribe: ['policy'] });
    settle(client, 'a');
    client.ack('extension-config');
    client.clock.pass(SESSION_TIMES.drain);
    client.sent();
    return client;
  }

  it('is told of a file only when its own agent has confirmed it; all else goes on, and nothing is let go', () => {
    const { modules, come } = agent('/one');
    const client = serving(modules);
    expect(client.session.isClean).toBe(true);
    const next = snapshot({ ...NEXT_MODULE, route: ['r=2'] });
    client.session.publish(next);
    expect(client.sent()).toEqual(['route +r']);
    client.ack('route');
    client.clock.pass(SESSION_TIMES.drain);
    expect([client.sent(), client.session.isClean]).toEqual([[], false]);
    come('/two');
    client.session.publish(next);
    expect(client.sent()).toEqual(['extension-config +policy']);
    client.ack('extension-config');
    client.clock.pass(SESSION_TIMES.drain);
    expect(client.session.isClean).toBe(true);
  });

  it('is told of a file that it has loaded although its agent has gone, until nothing names it any more', () => {
    const has = new Set(['/one', '/two']);
    const client = serving({ holds: (path) => has.has(path), isComplete: true });
    has.clear();
    client.session.publish(snapshot({ ...WORLD, 'extension-config': ['policy=3@/one'] }));
    expect(client.sent()).toEqual(['extension-config +policy']);
    client.ack('extension-config');
    has.add('/two');
    client.session.publish(snapshot(NEXT_MODULE));
    expect(client.sent()).toEqual(['extension-config +policy']);
    client.ack('extension-config');
    has.clear();
    client.session.publish(snapshot(WITH_MODULE));
    expect(client.sent()).toEqual([]);
  });

  it('that comes again before its agent has the files of the versions that it says it has', () => {
    const desired = snapshot(WITH_MODULE);
    const client = scripted(desired, 'first', { modules: agent().modules });
    const version = desired['extension-config'].get('policy')?.version ?? '';
    client.say('extension-config', { subscribe: ['policy'], initialVersions: new Map([['policy', version]]) });
    client.session.publish(snapshot({ ...WORLD, 'extension-config': ['policy=3@/one'] }));
    expect(client.sent()).toEqual(['extension-config +policy']);
  });
});

describe('what cannot be had now', () => {
  const FILTER = 'sluice.wasm/default/p/0';
  const LEFT_OUT = leftOut(FILTER);
  const leavesOut = { ...EMPTY_SNAPSHOT, 'extension-config': new Map([[FILTER, LEFT_OUT]]) };

  /** A client that runs a version of the filter, and of another that nobody wants any more. */
  function running(version: string, desired = EMPTY_SNAPSHOT): Scripted {
    const client = scripted(desired, 'first', { keeps: (name) => name === FILTER });
    client.say('cluster');
    client.ack('cluster');
    client.say('listener');
    client.ack('listener');
    client.sent();
    const versions = new Map([
      [FILTER, version],
      ['other', 'old'],
    ]);
    client.say('extension-config', { subscribe: [FILTER, 'other'], initialVersions: versions });
    for (let times = 0; times < 2; times += 1) {
      client.clock.pass(SESSION_TIMES.drain);
      client.ack('extension-config');
    }
    return client;
  }

  it('is not taken from a client that has it, as what is not wanted any more is', () => {
    expect(running('old').sent()).toEqual(['extension-config -other']);
  });

  it('is not left out where a client has it, though requests may pass without it', () => {
    expect(running('old', leavesOut).sent()).toEqual(['extension-config -other']);
  });

  it('is left out where a client has none', () => {
    const client = scripted(leavesOut, 'first', { keeps: () => true });
    client.say('extension-config', { subscribe: [FILTER] });
    expect(client.sent()).toEqual([`extension-config +${FILTER}`]);
  });

  it('closes its routes when it may not be left out any more', () => {
    expect(running(LEFT_OUT.version).sent().join(' ')).toContain(`-${FILTER}`);
  });
});
