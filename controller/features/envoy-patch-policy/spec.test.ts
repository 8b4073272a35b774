import { describe, expect, it } from 'vitest';
import type { EnvoyPatchPolicy, Gateway, GatewayClass } from '#controller/api/gen/types.d.ts';
import { ResourceStore } from '../../resources/store.ts';
import { type PatchPolicy, patchPolicies, patchPolicyReport, type ServedClass } from './spec.ts';

const GROUP = 'gateway.networking.k8s.io';

function gateway(name: string, gatewayClassName: string): Gateway {
  return {
    apiVersion: `${GROUP}/v1`,
    kind: 'Gateway',
    metadata: { name, namespace: 'n', generation: 1 },
    spec: { gatewayClassName, listeners: [] },
  };
}

function gatewayClass(name: string): GatewayClass {
  return {
    apiVersion: `${GROUP}/v1`,
    kind: 'GatewayClass',
    metadata: { name, generation: 1 },
    spec: { controllerName: `example.com/${name}` },
  };
}

interface Written {
  readonly namespace?: string;
  readonly kind?: string;
  readonly target?: string;
  readonly group?: string;
  readonly priority?: number;
  readonly created?: string;
}

function policy(name: string, written: Written = {}): EnvoyPatchPolicy {
  const { namespace = 'n', kind = 'Gateway', target = 'own', group = GROUP, priority = 0, created } = written;
  const metadata = { name, namespace, generation: 1, ...(created === undefined ? {} : { creationTimestamp: created }) };
  return {
    apiVersion: 'gateway.envoyproxy.io/v1alpha1',
    kind: 'EnvoyPatchPolicy',
    metadata,
    spec: { type: 'JSONPatch', priority, targetRef: { group, kind, name: target } },
  };
}

const own = gateway('own', 'ours');
const merged = gateway('merged', 'together');
const refused = gateway('refused', 'broken');

function find(policies: readonly EnvoyPatchPolicy[], isOn = true): readonly PatchPolicy[] {
  const store = new ResourceStore();
  const classes = ['ours', 'together', 'broken', 'theirs'].map(gatewayClass);
  for (const object of [...classes, own, merged, refused, gateway('others', 'theirs'), ...policies])
    store.upsert(object);
  const known = new Map<string, ServedClass>([
    ['ours', { accepted: true, mergeGateways: false }],
    ['together', { accepted: true, mergeGateways: true }],
    ['broken', { accepted: false, mergeGateways: false }],
  ]);
  const served = [
    { gateway: own, proxy: 'n/own' },
    { gateway: merged, proxy: 'together' },
  ];
  return patchPolicies(store, known, served, { envoyPatchPolicy: isOn });
}

function accepted(written: Written, isOn = true): string {
  const [found] = find([policy('p', written)], isOn);
  if (found === undefined) return 'none of our business';
  if (found.proxy.ok) return found.proxy.value;
  const [verdict] = patchPolicyReport(found, undefined).verdicts;
  return `${verdict?.type}=${verdict?.status} ${verdict?.reason}`;
}

describe('an EnvoyPatchPolicy', () => {
  it('is for the proxy of a Gateway of its namespace', () => {
    expect(accepted({})).toBe('n/own');
    expect(accepted({ namespace: 'elsewhere' })).toBe('Accepted=False TargetNotFound');
  });

  it('is for the proxy of a class whose Gateways are merged, and then not for one of these', () => {
    expect(accepted({ kind: 'GatewayClass', target: 'together' })).toBe('together');
    expect(accepted({ target: 'merged' })).toBe('Accepted=False Invalid');
    expect(accepted({ kind: 'GatewayClass', target: 'ours' })).toBe('Accepted=False Invalid');
  });

  it('is refused for anything else', () => {
    expect(accepted({ kind: 'HTTPRoute' })).toBe('Accepted=False Invalid');
    expect(accepted({ group: '' })).toBe('Accepted=False Invalid');
    expect(accepted({ target: 'nobody' })).toBe('Accepted=False TargetNotFound');
    expect(accepted({ kind: 'GatewayClass', target: 'nobody' })).toBe('Accepted=False Invalid');
  });

  it('is refused where the class is not accepted', () => {
    expect(accepted({ target: 'refused' })).toBe('Accepted=False Invalid');
    expect(accepted({ kind: 'GatewayClass', target: 'broken' })).toBe('Accepted=False Invalid');
  });

  it('is nothing to speak of when its target is that of another controller', () => {
    expect(accepted({ target: 'others' })).toBe('none of our business');
    expect(accepted({ kind: 'GatewayClass', target: 'theirs' })).toBe('none of our business');
  });

  it('is told that it is disabled when EnvoyPatchPolicy is off', () => {
    expect(accepted({}, false)).toBe('Accepted=False Disabled');
  });

  it('comes after those of lower priority, then after older ones, then after those before it by name', () => {
    const order = find([
      policy('a', { priority: 1 }),
      policy('b', { created: '2026-01-02T00:00:00Z' }),
      policy('d', { created: '2026-01-01T00:00:00Z' }),
      policy('c', { created: '2026-01-01T00:00:00Z' }),
      policy('e', { priority: -1, created: '2026-01-03T00:00:00Z' }),
    ]);
    expect(order.map(({ object }) => object.metadata.name)).toEqual(['e', 'c', 'd', 'b', 'a']);
  });

  it('is accepted and not programmed when its patches cannot be applied', () => {
    const [found] = find([policy('p')]);
    if (found === undefined) throw new Error('the policy is not found');
    expect(
      patchPolicyReport(found, { reason: 'ResourceNotFound', message: 'no such listener' }).verdicts,
    ).toMatchObject([
      { type: 'Accepted', status: 'True' },
      {
        type: 'Programmed',
        status: 'False',
        reason: 'ResourceNotFound',
        message:
          'EnvoyPatchPolicy n/p: no such listener; none of its patches is applied, the proxy serves without them',
      },
    ]);
  });
});
