import { describe, expect, it } from 'vitest';
import type { EnvoyProxy, Gateway, GatewayClass } from '#controller/api/gen/types.d.ts';
import { DEFAULT_SETTINGS } from '../compile.ts';
import { validate } from '#controller/api/validate.ts';
import { ResourceStore } from '../resources/store.ts';
import { CONTROLLER_NAME, type ProxyPlace } from '../settings.ts';
import { createTranslator } from '../translate.ts';

const GATEWAY_CLASS: GatewayClass = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'GatewayClass',
  metadata: { name: 'c', generation: 1 },
  spec: { controllerName: CONTROLLER_NAME },
};
const GATEWAY: Gateway = {
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { name: 'g', namespace: 'default', generation: 1 },
  spec: {
    gatewayClassName: 'c',
    infrastructure: { parametersRef: { group: 'gateway.envoyproxy.io', kind: 'EnvoyProxy', name: 'p' } },
    listeners: [{ name: 'http', port: 80, protocol: 'HTTP', allowedRoutes: { namespaces: { from: 'Same' } } }],
  },
};

const document = (name: string, spec: object): EnvoyProxy => {
  const valid = validate('EnvoyProxy', {
    apiVersion: 'gateway.envoyproxy.io/v1alpha1',
    kind: 'EnvoyProxy',
    metadata: { name, namespace: 'default', generation: 1 },
    spec,
  });
  if (!valid.ok) throw new Error('an invalid EnvoyProxy');
  return valid.value;
};

/** What is said of the EnvoyProxy and of the Gateway that names it, and the listeners of its proxy. */
function translated(spec: object, proxies: ProxyPlace) {
  const store = new ResourceStore();
  for (const object of [GATEWAY_CLASS, GATEWAY, document('p', spec)]) store.upsert(object);
  const translation = createTranslator({ ...DEFAULT_SETTINGS, proxies })(store);
  const said = translation.statuses().flat();
  const verdictOf = (kind: string) =>
    said.flatMap((status) => {
      if (status.object.kind !== kind) return [];
      const verdicts = status.kind === 'policy' ? (status.ancestors[0]?.verdicts ?? []) : [];
      return status.kind === 'gateway' ? status.verdicts : verdicts;
    })[0];
  const listeners = translation.proxies.get('default/g')?.xds.listeners ?? [];
  return { proxy: verdictOf('EnvoyProxy'), gateway: verdictOf('Gateway'), listeners: listeners.length };
}

describe('an EnvoyProxy whose provider is another than where proxies run', () => {
  it('is refused on a cluster where it asks for processes of a host, and so is its Gateway', () => {
    const { proxy, gateway, listeners } = translated({ provider: { type: 'Host' } }, 'pods');
    const message = 'spec.provider.type: found Host, accepted on a cluster is Kubernetes: proxies are pods there';
    const refused = { status: 'False', reason: 'InvalidParameters', message: expect.stringContaining(message) };
    expect(proxy).toMatchObject({ type: 'Accepted', ...refused });
    expect(gateway).toMatchObject({ type: 'Accepted', ...refused });
    expect(listeners).toBe(0);
    expect(translated({ provider: { type: 'Host' } }, 'processes').listeners).toBe(1);
  });

  it('says from files which of its fields are without effect', () => {
    const kubernetes = { envoyService: { type: 'ClusterIP' }, envoyDeployment: { replicas: 2 } } as const;
    const spec = { provider: { type: 'Kubernetes', kubernetes } } as const;
    const { proxy, listeners } = translated(spec, 'processes');
    expect(proxy).toMatchObject({ type: 'Accepted', status: 'True', reason: 'Accepted' });
    expect(proxy?.message).toContain('spec.provider.kubernetes.envoyDeployment, spec.provider.kubernetes.envoyService');
    expect(listeners).toBe(1);
    expect(translated(spec, 'pods').proxy?.message).toBe('EnvoyProxy has been accepted.');
  });
});

/** How a proxy runs where the Gateway, its class and the configuration say these, each what it sets. */
function running({
  gateway,
  ofClass,
  all,
}: {
  readonly gateway?: object;
  readonly ofClass?: object;
  readonly all?: object;
}) {
  const store = new ResourceStore();
  const ref = { group: 'gateway.envoyproxy.io', kind: 'EnvoyProxy' } as const;
  const parametersRef = { ...ref, name: 'class', namespace: 'default' };
  store.upsert({
    ...GATEWAY_CLASS,
    spec: { ...GATEWAY_CLASS.spec, ...(ofClass === undefined ? {} : { parametersRef }) },
  });
  const { infrastructure: _, ...spec } = GATEWAY.spec;
  store.upsert(gateway === undefined ? { ...GATEWAY, spec } : GATEWAY);
  if (ofClass !== undefined) store.upsert(document('class', ofClass));
  if (gateway !== undefined) store.upsert(document('p', gateway));
  const envoyProxy = all === undefined ? undefined : document('all', all);
  const [proxy] = createTranslator({ ...DEFAULT_SETTINGS, envoyProxy })(store).proxies;
  const { concurrency, ipFamily, extraArgs } = proxy?.[1].infra.parameters?.spec ?? {};
  return { key: proxy?.[0], concurrency, ipFamily, extraArgs };
}

describe('what the configuration says of all proxies', () => {
  const all = { concurrency: 1, ipFamily: 'IPv4', extraArgs: ['a'] };
  const ofClass = { concurrency: 2, ipFamily: 'IPv6' };
  const gateway = { concurrency: 3 };
  const [JSONMerge, StrategicMerge] = [{ mergeType: 'JSONMerge' }, { mergeType: 'StrategicMerge' }] as const;

  it.each([
    ['holds where nobody else says anything', { all }, [1, 'IPv4', ['a']]],
    ['gives place to what the class says', { all, ofClass }, [2, 'IPv6']],
    ['gives place to what the Gateway says', { all, gateway }, [3]],
    ['is what a class is merged into', { all, ofClass: { ...ofClass, ...JSONMerge } }, [2, 'IPv6', ['a']]],
    ['is what a Gateway is merged into', { all, gateway: { ...gateway, ...StrategicMerge } }, [3, 'IPv4', ['a']]],
    [
      'is what both are merged into that are merged',
      { all, ofClass: { ...ofClass, ...JSONMerge }, gateway: { ...gateway, ...JSONMerge } },
      [3, 'IPv6', ['a']],
    ],
    [
      'is merged as the Gateway says, where the class does not say',
      { all, ofClass, gateway: { ...gateway, ...JSONMerge } },
      [3, 'IPv6', ['a']],
    ],
    [
      'is merged as the class says, also with a Gateway that is not merged with its class',
      { all, ofClass: { ...ofClass, ...JSONMerge }, gateway },
      [3, 'IPv4', ['a']],
    ],
    [
      'gives place as the class says, whatever the Gateway does',
      { all, ofClass: { ...ofClass, mergeType: 'Replace' }, gateway: { ...gateway, ...JSONMerge } },
      [3, 'IPv6'],
    ],
    ['says nothing by its own mergeType', { all: { ...all, ...JSONMerge }, gateway }, [3]],
  ])('%s', (_, said, [concurrency, ipFamily, extraArgs]) => {
    expect(running(said)).toEqual({ key: 'default/g', concurrency, ipFamily, extraArgs });
  });

  it('merges the Gateways of a class that does not say, and not those of one that does', () => {
    const merging = { mergeGateways: true };
    expect(running({ all: merging }).key).toBe('c');
    expect(running({ all: merging, ofClass: { concurrency: 1 } }).key).toBe('c');
    expect(running({ all: merging, ofClass: { mergeGateways: false } }).key).toBe('default/g');
    expect(running({ all: merging, gateway: { mergeGateways: false, concurrency: 3 } })).toMatchObject({ key: 'c' });
  });
});
