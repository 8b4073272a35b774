import { describe, expect, it } from 'vitest';
import { type LiveProxy, liveStatus } from './live-status.ts';
import type { ObjectStatus } from './object-status.ts';
import { type ProxyRejections, withRejections } from './rejections.ts';

const metadata = (name: string) => ({ name, namespace: 'default', generation: 1 });
const yes = (type: string) => ({ type, status: 'True', reason: type, message: '' }) as const;

function gateway(name: string, proxy: string, port: number): ObjectStatus {
  const listener = {
    name: 'web',
    xdsName: `default/${name}/web`,
    port,
    transport: 'TCP',
    supportedKinds: [],
    attachedRoutes: 0,
    verdicts: [yes('Programmed')],
  } as const;
  return {
    kind: 'gateway',
    object: { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', metadata: metadata(name) },
    verdicts: [yes('Accepted'), yes('Programmed')],
    proxy,
    addresses: [],
    listeners: [listener],
    attachedListenerSets: 0,
  };
}

const ROUTE: ObjectStatus = {
  kind: 'route',
  object: { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata: metadata('app') },
  parents: ['a', 'b'].map((name) => ({
    ref: { group: 'gateway.networking.k8s.io', kind: 'Gateway', name },
    verdicts: [yes('Accepted')],
  })),
};

const socket = (name: string, port: number): LiveProxy['sockets'][number] => ({
  name: `default/${name}/web`,
  transport: 'TCP',
  port,
  chains: [{ name: `default/${name}/web`, certificates: [] }],
});

const proxy = (key: string, sockets: LiveProxy['sockets']): LiveProxy => ({
  key,
  sockets,
  // It is connected to another replica.
  ready: false,
  rejected: [],
  rejectedRoutes: [],
  deployed: {
    addresses: [{ type: 'IPAddress', value: '10.0.0.1' }],
    replicas: { available: 1, wanted: 1 },
    problem: undefined,
  },
});

const MERGED = proxy('c', [socket('a', 80), socket('b', 81)]);
const ALONE = proxy('default/alone', [socket('alone', 80)]);
const STATUSES = [gateway('a', 'c', 80), gateway('b', 'c', 81), gateway('alone', 'default/alone', 80), ROUTE];

const nothing = (key: string): ProxyRejections => ({ key, rejected: [], rejectedRoutes: [] });
const listener = (name: string, message: string) => ({ type: 'listener', name, message, policies: [] });

/** What turned bad in statuses, where other replicas tell this. */
function told(...elsewhere: readonly ProxyRejections[]): readonly string[] {
  return liveStatus(STATUSES, withRejections([MERGED, ALONE], elsewhere)).flatMap((status) => {
    const { kind, metadata: of } = status.object;
    const verdicts =
      status.kind === 'gateway'
        ? status.verdicts
        : status.kind === 'route'
          ? status.parents.slice(0, 1).flatMap((parent) => parent.verdicts)
          : [];
    const bad = verdicts.filter((verdict) => verdict.status === 'False');
    return bad.map(({ type, reason, message }) => `${kind} ${of.name}: ${type} ${reason} ${message}`);
  });
}

describe('what proxies reject that are connected to other replicas', () => {
  it('is told of the Gateway whose socket it is, and of no other', () => {
    expect(told({ ...nothing('c'), rejected: [listener('default/b/web', 'port taken')] })).toEqual([
      'Gateway b: Programmed Invalid the proxy rejected listener default/b/web: port taken',
    ]);
  });

  it('is told of the route, by the rule that it is', () => {
    const rejectedRoutes = [{ name: 'httproute/default/app/rule/1/match/0', message: 'bad regex' }];
    expect(told({ ...nothing('c'), rejectedRoutes })).toEqual([
      'HTTPRoute app: Programmed Rejected The proxy rejected httproute/default/app/rule/1/match/0, which stays as it was: bad regex',
    ]);
  });

  it('is told once, however many say it, and in the words of this replica where its own Envoys reject it', () => {
    const mine = { ...ALONE, rejected: [listener('default/alone/web', 'mine')] };
    const theirs = { ...nothing(ALONE.key), rejected: [listener('default/alone/web', 'theirs'), listener('x', 'no')] };
    const [merged] = withRejections([mine], [theirs, theirs]);
    expect(merged?.rejected.map(({ name, message }) => `${name}: ${message}`)).toEqual([
      'default/alone/web: mine',
      'x: no',
    ]);
  });

  it('says nothing of proxies that are gone', () => {
    expect(told({ ...nothing('default/gone'), rejected: [listener('default/gone/web', 'no')] })).toEqual([]);
  });

  it('costs nothing where there is nothing', () => {
    const proxies = [MERGED, ALONE];
    expect(withRejections(proxies, [])).toBe(proxies);
    expect(withRejections(proxies, [nothing('default/gone')])[0]).toBe(MERGED);
    expect(told()).toEqual([]);
  });
});
