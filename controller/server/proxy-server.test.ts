import { pino } from 'pino';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ProxySocket } from '../infra/infra.ts';
import { type Authority, issue, type KeyPair, makeAuthority } from '../pki/authority.ts';
import { systemClock } from '../runtime/clock.ts';
import { type ManualClock, manualClock } from '../runtime/testing/manual-clock.ts';
import { Publication } from './ads/publication.ts';
import { ModuleStore } from './agent/module-store.ts';
import { SidecarStates } from './agent/sidecar-states.ts';
import { CONNECTION_LIMITS, type ConnectionLimits } from './connection-limits.ts';
import { ProxyConnections } from './proxy-connections.ts';
import { serveProxy } from './proxy-server.ts';
import { podAgent, podEnvoy, type PodHalf } from './testing/pod-clients.ts';

const log = pino({ level: 'silent' });
const POLL = { timeout: 60_000, interval: 5 };
/** Longer than anybody is waited for, however often. */
const LONG = 1_000_000;
const DIGEST = `sha256:${'a'.repeat(64)}`;
const FILE = '/modules/a.wasm';
const OTHER = '/modules/other.wasm';

let authority: Authority;
let server: KeyPair;
const pairs = new Map<string, KeyPair>();
beforeAll(async () => {
  const now = Date.now();
  authority = await makeAuthority(now);
  server = await issue(authority, { kind: 'server', dnsNames: ['envoy-gateway'] }, now);
  for (const key of ['shop/one', 'shop/two']) pairs.set(key, await issue(authority, { kind: 'proxy', key }, now));
});

let door: ProxyConnections;
let port: number;
let clock: ManualClock;
/** Where connections come from, in order. */
let addresses: string[];
const ends: (() => unknown)[] = [];
beforeEach(async () => {
  clock = manualClock();
  addresses = [];
  door = new ProxyConnections({ identity: { ...server, trusted: authority.trusted }, clock: systemClock, log });
  port = await door.listen(0, '127.0.0.1');
});
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) end();
  await door.close();
});

/** The connections of a proxy, each from the next address. */
function fromAddresses(socket: ProxySocket): ProxySocket {
  return {
    take: (serve) =>
      socket.take((connection) => {
        Object.defineProperty(connection, 'remoteAddress', { value: addresses.shift() ?? '10.0.0.99' });
        serve(connection);
      }),
    close: () => socket.close(),
  };
}

/** Serves a Gateway of this key, and lets its pods come. */
function gateway(key: string, limits: ConnectionLimits = CONNECTION_LIMITS) {
  const publication = new Publication({ rejected: () => undefined, settled: () => undefined });
  const modules = new ModuleStore({ load: async () => undefined, onReady: () => undefined, clock });
  const socket = fromAddresses(door.socketOf(key));
  const unknownKey = (): void => undefined;
  ends.push(serveProxy({ socket, publication, modules, states: new SidecarStates(), unknownKey, clock, log, limits }));
  const pair = pairs.get(key);
  if (pair === undefined) throw new Error(`no certificate of ${key}`);
  const come = async <Half extends PodHalf>(half: Half, isHere: () => boolean): Promise<Half> => {
    ends.push(() => half.close());
    await expect.poll(isHere, POLL).toBe(true);
    return half;
  };
  const connectionFrom = (address: string, pod: string) => {
    addresses.push(address);
    return { port, pair, trusted: authority.trusted, pod };
  };
  return {
    publication,
    modules,
    envoy: (address: string, pod: string) => {
      const before = publication.clients;
      return come(podEnvoy(connectionFrom(address, pod)), () => publication.clients > before);
    },
    agent: (address: string, pod: string, files: ReadonlyMap<string, string> = new Map()) => {
      const agent = podAgent(connectionFrom(address, pod), files);
      return come(agent, () => agent.heard > 0);
    },
  };
}

/** Time passes; who is to be gone then is gone, and who is to be here is here. */
async function pass(ms: number, gone: readonly PodHalf[], here: readonly PodHalf[]): Promise<void> {
  clock.pass(ms);
  await expect.poll(() => gone.every((half) => half.isEnded()), POLL).toBe(true);
  expect(here.map((half) => half.isEnded())).toEqual(here.map(() => false));
}

const FILES = new Map([[DIGEST, FILE]]);

describe('the halves of a pod', () => {
  it('are together by whatever addresses they come', async () => {
    const { envoy, agent, modules } = gateway('shop/one');
    const halves = [await envoy('10.0.0.7', 'web-a/1'), await agent('fd00::7', 'web-a/1', FILES)];
    expect(modules.of('web-a/1').holds(FILE)).toBe(true);
    await pass(LONG, [], halves);
  });

  it('are not those of another pod that has the same address', async () => {
    const { envoy, agent, modules } = gateway('shop/one');
    const [of1, of2] = [await envoy('10.0.0.7', 'web-a/1'), await agent('10.0.0.7', 'web-b/2', FILES)];
    expect(modules.of('web-a/1').holds(FILE)).toBe(false);
    await pass(5_000, [of1], [of2]);
    await pass(5_000, [of2], []);
  });

  it('are not those of the pod that had the name before', async () => {
    const { envoy, agent, modules } = gateway('shop/one');
    const [before, now] = [await agent('10.0.0.7', 'web-0/1', FILES), await envoy('10.0.0.7', 'web-0/2')];
    expect(modules.of('web-0/2').holds(FILE)).toBe(false);
    const own = await agent('10.0.0.7', 'web-0/2');
    await pass(10_000, [before], [now, own]);
    await pass(LONG, [], [now, own]);
  });

  it('are not those of a pod of another Gateway, whatever that says that it is', async () => {
    const [one, two] = [gateway('shop/one'), gateway('shop/two')];
    const [envoy, agent] = [await one.envoy('10.0.0.7', 'web-a/1'), await one.agent('10.0.0.7', 'web-a/1', FILES)];
    const lying = await two.agent('10.0.0.7', 'web-a/1', new Map([[DIGEST, OTHER]]));
    const held = (): readonly boolean[] => [FILE, OTHER].map((file) => one.modules.of('web-a/1').holds(file));
    expect(held()).toEqual([true, false]);
    await pass(10_000, [lying], [envoy, agent]);
    await pass(LONG, [], [envoy, agent]);
    // Nor does it keep together what is parted.
    const again = await two.agent('10.0.0.7', 'web-a/1', FILES);
    agent.close();
    await expect.poll(held, POLL).toEqual([false, false]);
    await pass(5_000, [envoy], [again]);
  });
});

describe('a client that says what nobody understands', () => {
  it('is sent away, and nothing waits for it', async () => {
    const { envoy, agent, modules, publication } = gateway('shop/one');
    const [envoyOf1, agentOf1] = [await envoy('10.0.0.7', 'web-a/1'), await agent('10.0.0.7', 'web-a/1', FILES)];
    for (const half of [envoyOf1, agentOf1]) {
      half.babble();
      await expect.poll(() => half.isEnded(), POLL).toBe(true);
    }
    expect([publication.clients, modules.of('web-a/1').holds(FILE)]).toEqual([0, false]);
  });
});

describe('the bounds of connections', () => {
  it('end what is too old, and whoever comes again is served', async () => {
    const limits = { ...CONNECTION_LIMITS, age: 200, grace: 50 };
    const { envoy, agent, publication, modules } = gateway('shop/one', limits);
    for (let times = 0; times < 3; times += 1) {
      const halves = [await envoy('10.0.0.7', 'web-a/1'), await agent('10.0.0.7', 'web-a/1', FILES)];
      await expect.poll(() => halves.every((half) => half.isEnded()), POLL).toBe(true);
      // The server knows it, too: it has no clients, and nobody has the files.
      await expect.poll(() => [publication.clients, modules.of('web-a/1').holds(FILE)], POLL).toEqual([0, false]);
    }
  });

  it('send away who says more than they let', async () => {
    const { envoy, publication } = gateway('shop/one', { ...CONNECTION_LIMITS, message: 200 });
    const quiet = await envoy('10.0.0.7', 'web-a/1');
    quiet.ask('cluster');
    await expect.poll(() => quiet.sent.length, POLL).toBe(1);
    quiet.ask('endpoint', ['a'.repeat(300)]);
    await expect.poll(() => quiet.isEnded(), POLL).toBe(true);
    await expect.poll(() => publication.clients, POLL).toBe(0);
  });
});
