import { describe, expect, it } from 'vitest';
import type { LiveProxy } from './live-status.ts';
import type { ObjectStatus } from './object-status.ts';
import { rejectionsIn } from './rejections.ts';

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

const MERGED: LiveProxy = {
  key: 'c',
  sockets: [socket('a', 80), socket('b', 81)],
  ready: true,
  rejected: [],
  rejectedRoutes: [],
  deployed: undefined,
};
const STATUSES = [gateway('a', 'c', 80), gateway('b', 'c', 81), gateway('alone', 'default/alone', 80), ROUTE];

const told = (proxy: LiveProxy) =>
  rejectionsIn(STATUSES, [proxy]).map(({ object, message }) => `${object.kind} ${object.metadata.name}: ${message}`);

describe('what a proxy of merged Gateways rejects', () => {
  it('is told of the one whose socket it is', () => {
    const rejected = [{ type: 'listener', name: 'default/b/web', message: 'port taken', policies: [] }];
    expect(told({ ...MERGED, rejected })).toEqual(['Gateway b: the proxy rejected listener default/b/web: port taken']);
  });

  it('is told of all of them where it belongs to no socket, and of no other', () => {
    const rejected = ['cluster', 'secret'].map((type) => ({ type, name: 'x', message: 'no', policies: [] }));
    const words = 'the proxy rejected cluster x: no; the proxy rejected secret x: no';
    expect(told({ ...MERGED, rejected })).toEqual([`Gateway a: ${words}`, `Gateway b: ${words}`]);
  });

  it('is told of the route, once, by the rule that it is', () => {
    const rejectedRoutes = [{ name: 'httproute/default/app/rule/1/match/0', message: 'bad regex' }];
    expect(told({ ...MERGED, rejectedRoutes })).toEqual([
      'HTTPRoute app: The proxy rejected httproute/default/app/rule/1/match/0, which stays as it was: bad regex',
    ]);
  });

  it('is nothing where it rejects nothing', () => {
    expect(told(MERGED)).toEqual([]);
  });
});
