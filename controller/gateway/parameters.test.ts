import { describe, expect, it } from 'vitest';
import type { Gateway, GatewayClass } from '#controller/api/gen/types.d.ts';
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

/** What is said of the EnvoyProxy and of the Gateway that names it, and the listeners of its proxy. */
function translated(spec: object, proxies: ProxyPlace) {
  const store = new ResourceStore();
  const metadata = { name: 'p', namespace: 'default', generation: 1 };
  const document = { apiVersion: 'gateway.envoyproxy.io/v1alpha1', kind: 'EnvoyProxy', metadata, spec };
  const valid = validate('EnvoyProxy', document);
  if (!valid.ok) throw new Error('an invalid EnvoyProxy');
  for (const object of [GATEWAY_CLASS, GATEWAY, valid.value]) store.upsert(object);
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
