import { describe, expect, it } from 'vitest';
import type { ObjectStatus } from './object-status.ts';
import { withRefused } from './refused-status.ts';

const US = 'example.com/us';
const metadata = (name: string, generation = 1) => ({ name, namespace: 'default', generation });
const yes = { type: 'Accepted', status: 'True', reason: 'Accepted', message: '' } as const;
const GATEWAY: ObjectStatus = {
  kind: 'gateway',
  object: { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'Gateway', metadata: metadata('shop') },
  verdicts: [yes],
  proxy: 'default/shop',
  addresses: [],
  listeners: [],
  attachedListenerSets: 0,
};
const SHOP = { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'shop' };
const ROUTE: ObjectStatus = {
  kind: 'route',
  object: { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata: metadata('app') },
  parents: [{ ref: SHOP, verdicts: [yes] }],
};
const STATUSES = [GATEWAY, ROUTE];
const verdict = (message: string) => ({ type: 'Accepted', status: 'False', reason: 'Invalid', message });

describe('an object that the API server took and our schema refuses', () => {
  it('is told that it is not accepted, and that its last good version serves', () => {
    const document = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata: metadata('app', 2) };
    const [gateway, route] = withRefused(STATUSES, [{ document, message: 'spec.new: unknown field' }], US);
    expect(gateway).toBe(GATEWAY);
    expect(route).toMatchObject({
      object: { metadata: { generation: 2 } },
      parents: [{ ref: SHOP, verdicts: [verdict('spec.new: unknown field; its last good version serves')] }],
    });
  });

  it('is told so for parents that are ours and no others, where none of its versions was good', () => {
    const parentRefs = [{ name: 'shop' }, { name: 'elsewhere' }, 'nonsense'];
    const kind = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute' };
    const mine = { ...kind, metadata: metadata('new'), spec: { parentRefs } };
    const theirs = { ...kind, metadata: metadata('theirs'), spec: { parentRefs: [{ name: 'elsewhere' }] } };
    const refused = [mine, theirs].map((document) => ({ document, message: 'no' }));
    const [, , fresh, ...others] = withRefused(STATUSES, refused, US);
    expect(fresh).toMatchObject({ kind: 'route', parents: [{ ref: { name: 'shop' }, verdicts: [verdict('no')] }] });
    expect(fresh?.kind === 'route' && fresh.parents).toHaveLength(1);
    expect(others).toEqual([]);
  });

  it('is told so as a policy, by the Gateway that it targets or that its route is of', () => {
    const policy = (kind: string, name: string) => ({
      apiVersion: 'gateway.envoyproxy.io/v1alpha1',
      kind: 'SecurityPolicy',
      metadata: metadata(`of-${name}`),
      spec: { targetRefs: [{ group: 'gateway.networking.k8s.io', kind, name }], news: {} },
    });
    const refused = [policy('Gateway', 'shop'), policy('HTTPRoute', 'app'), policy('HTTPRoute', 'nobody')];
    const told = withRefused(
      STATUSES,
      refused.map((document) => ({ document, message: 'no' })),
      US,
    ).slice(2);
    const ancestors = [{ ref: { kind: 'Gateway', name: 'shop', namespace: 'default' }, verdicts: [verdict('no')] }];
    expect(told).toMatchObject([
      { object: { metadata: { name: 'of-shop' } }, ancestors },
      { object: { metadata: { name: 'of-app' } }, ancestors },
    ]);
  });

  it('is told so as a GatewayClass that names us, and not as one of another controller', () => {
    const kind = { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'GatewayClass' };
    const named = (name: string, controllerName: string) => ({
      document: { ...kind, metadata: { name, generation: 3 }, spec: { controllerName } },
      message: 'no',
    });
    const told = withRefused(STATUSES, [named('ours', US), named('theirs', 'example.com/others')], US).slice(2);
    // A class is in no namespace: with one it would be another object.
    expect(told).toEqual([
      {
        kind: 'class',
        object: { ...kind, metadata: { name: 'ours', generation: 3 } },
        verdicts: [verdict('no')],
        supportedFeatures: [],
      },
    ]);
  });

  it('is told so as a ListenerSet of a Gateway that is ours, and not as one of another', () => {
    const set = (name: string, parentRef: object) => ({
      document: {
        apiVersion: 'gateway.networking.k8s.io/v1',
        kind: 'ListenerSet',
        metadata: { ...metadata(name), namespace: 'team' },
        spec: { parentRef, listeners: 'none' },
      },
      message: 'no',
    });
    const refused = [
      set('ours', { name: 'shop', namespace: 'default' }),
      set('beside', { name: 'shop' }),
      set('astray', { name: 'elsewhere', namespace: 'default' }),
    ];
    expect(withRefused(STATUSES, refused, US).slice(2)).toMatchObject([
      {
        kind: 'listener-set',
        object: { metadata: { name: 'ours', namespace: 'team' } },
        verdicts: [verdict('no'), { ...verdict('no'), type: 'Programmed' }],
        listeners: [],
        proxy: 'default/shop',
      },
    ]);
  });

  it('is told nothing where nothing can be made out of it', () => {
    expect(withRefused(STATUSES, [{ document: { kind: 'HTTPRoute' }, message: 'no' }], US)).toEqual(STATUSES);
  });
});
