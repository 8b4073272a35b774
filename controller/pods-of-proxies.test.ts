import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS, storeOf } from './compile.ts';
import { podWorkers } from './infra/envoy-workers.ts';
import { podPorts } from './pod-ports.ts';
import { loadOnce } from './provider/files/load-once.ts';
import { createPortPass } from './settle-ports.ts';
import { createTranslator } from './translate.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-pods-'));
afterAll(() => rmSync(folder, { recursive: true }));

const MANY_CPUS = 64;
/** As on a cluster. */
const SETTINGS = {
  ...DEFAULT_SETTINGS,
  bindsRequested: false,
  workers: (parameters: Parameters<typeof podWorkers>[0]) => podWorkers(parameters) ?? MANY_CPUS,
};

const classOf = (spec: object = {}): string => `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: eg }
spec:
  controllerName: gateway.envoyproxy.io/gatewayclass-controller
  parametersRef: { group: gateway.envoyproxy.io, kind: EnvoyProxy, namespace: default, name: config }
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: EnvoyProxy
metadata: { name: config, namespace: default }
spec: ${JSON.stringify({ provider: { type: 'Kubernetes' }, ...spec })}
`;

const gateway = (name: string, more = ''): string => `---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: ${name}, namespace: default }
spec:
  gatewayClassName: eg
  listeners: [{ name: http, protocol: HTTP, port: 80 }]
  ${more}
`;

const LIMITED_CPU = {
  provider: {
    type: 'Kubernetes',
    kubernetes: { envoyDeployment: { container: { resources: { limits: { cpu: '4' } } } } },
  },
};

const LIMITED = `---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: app, namespace: default }
spec:
  parentRefs: [{ name: a }]
  rules: [{}]
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: BackendTrafficPolicy
metadata: { name: limit, namespace: default }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, name: app }]
  rateLimit: { local: { rules: [{ limit: { requests: 100000, unit: Hour } }] } }
`;

function translated(manifests: string) {
  const file = join(folder, 'in.yaml');
  writeFileSync(file, manifests);
  const store = storeOf(loadOnce([file]));
  const raw = createTranslator(SETTINGS)(store);
  const ports = podPorts();
  ports.want([], raw.proxies);
  return createPortPass()(raw, ports).translation;
}

const sockets = (manifests: string): readonly string[] =>
  [...translated(manifests).proxies.values()].flatMap(({ xds }) =>
    xds.listeners.map(
      ({ name, address, bothFamilies, port }) => `${name} ${address} ${port}${bothFamilies ? ' both' : ''}`,
    ),
  );

describe('proxies in pods', () => {
  it('never clash, whatever ports and addresses their Gateways ask for', () => {
    const asked = 'addresses: [{ type: IPAddress, value: 10.43.146.30 }]';
    const manifests = classOf() + gateway('a') + gateway('b', asked) + gateway('c', asked);
    // What is asked for is the Service's to have: in the pod nothing could be bound to it.
    expect(sockets(manifests)).toEqual(['a', 'b', 'c'].map((name) => `default/${name}/http 0.0.0.0 10080`));
    const verdicts = translated(manifests).gateways.flatMap(({ listeners }) =>
      listeners.flatMap((one) => one.verdicts),
    );
    expect(verdicts.filter(({ type, status }) => type !== 'Conflicted' && status !== 'True')).toEqual([]);
  });

  it.each([
    [{}, '0.0.0.0 10080'],
    [{ ipFamily: 'IPv4' }, '0.0.0.0 10080'],
    [{ ipFamily: 'IPv6' }, ':: 10080'],
    [{ ipFamily: 'DualStack' }, ':: 10080 both'],
  ])('bind the addresses of their families: %j', (spec, expected) => {
    expect(sockets(classOf(spec) + gateway('a'))).toEqual([`default/a/http ${expected}`]);
  });

  const leases = (spec: object): string =>
    JSON.stringify([...translated(classOf(spec) + gateway('a') + LIMITED).proxies.values()]).match(
      /"lease":\d+/u,
    )?.[0] ?? '';

  it.each([
    // 4 % of 100,000, over the workers.
    [{}, 4_000 / MANY_CPUS],
    [{ concurrency: 2 }, 2_000],
    [LIMITED_CPU, 1_000],
  ])('share limits among as many workers as their Envoy has: %j', (spec, lease) => {
    expect(leases(spec)).toBe(`"lease":${Math.floor(lease)}`);
  });
});
