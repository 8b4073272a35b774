import { describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS } from '../compile.ts';
import { httpChains } from '../ir/listener.ts';
import { admit } from '../provider/admit.ts';
import { readClosedObjects } from '../provider/closed-objects.ts';
import type { Problem } from '../provider/provider.ts';
import { ResourceStore } from '../resources/store.ts';
import { createTranslator } from '../translate.ts';

type Kind = 'HTTPRoute' | 'GRPCRoute';

const GROUP = 'gateway.networking.k8s.io';
const document = (kind: string, name: string, spec: object) => ({
  apiVersion: kind === 'Backend' ? 'gateway.envoyproxy.io/v1alpha1' : `${GROUP}/v1`,
  kind,
  metadata: { name },
  spec,
});
const BASE = [
  document('GatewayClass', 'c', { controllerName: DEFAULT_SETTINGS.controllerName }),
  document('Gateway', 'g', { gatewayClassName: 'c', listeners: [{ name: 'web', protocol: 'HTTP', port: 80 }] }),
  document('Backend', 'app', { endpoints: [{ ip: { address: '10.0.0.1', port: 80 } }] }),
];
const RULES = [{ backendRefs: [{ group: 'gateway.envoyproxy.io', kind: 'Backend', name: 'app' }] }];

/** A route; one with an earlier name counts as older. */
const route = (kind: Kind, name: string, hostnames: unknown, more: object = {}) =>
  document(kind, name, { parentRefs: [{ name: 'g' }], hostnames, rules: RULES, ...more });

/** Of each host the routes that are served there, by name; those that the schema refuses are closed. */
function hosts(...routes: readonly ReturnType<typeof route>[]): { readonly [hostname: string]: readonly string[] } {
  const store = new ResourceStore();
  const problems: Problem[] = [];
  for (const written of [...BASE, ...routes]) {
    const admitted = admit(written);
    if (admitted.kind === 'resource') store.upsert(admitted.resource);
    else {
      const object = { kind: written.kind, namespace: 'default', name: written.metadata.name, document: written };
      problems.push({ severity: 'error', reason: 'invalid', file: 'a', line: 1, column: 1, message: 'slip', object });
    }
  }
  store.setClosed(readClosedObjects(problems));
  const listeners = createTranslator(DEFAULT_SETTINGS)(store).proxies.get('default/g')?.xds.listeners ?? [];
  const found = listeners.flatMap(httpChains).flatMap(({ virtualHosts }) => virtualHosts.flat());
  return Object.fromEntries(
    found.map(({ hostname, routes: served }) => [
      hostname,
      served.map(({ name, action }) => `${name.split('/')[2]} ${action.kind}`),
    ]),
  );
}

const BOTH: readonly (readonly [Kind, Kind])[] = [
  ['HTTPRoute', 'GRPCRoute'],
  ['GRPCRoute', 'HTTPRoute'],
];

describe.each(BOTH)('of a %s and a %s', (kind, other) => {
  it('the older one has the host; the other closes what it is for, to its own kind where both have the host', () => {
    const found = hosts(route(kind, 'a', ['one.test']), route(other, 'b', ['one.test', 'two.test']));
    expect(found).toEqual({ '*': [], 'one.test': ['b respond', 'a forward'], 'two.test': ['b respond'] });
  });

  it('the other takes no host from an older one that has more than it', () => {
    const found = hosts(route(kind, 'a', ['*.test']), route(other, 'b', ['one.test', 'two.test', '*.three.test']));
    expect(found).toEqual({ '*': [], '*.test': ['b respond', 'a forward'] });
  });

  it('the other closes what it is for on hosts of which an older one has but some', () => {
    const found = hosts(route(kind, 'a', ['one.test']), route(other, 'b', ['*.test']));
    expect(found).toEqual({ '*': [], 'one.test': ['a forward'], '*.test': ['b respond'] });
  });

  it('the other leaves a host that the older one has not to a younger one of its kind, but for its own kind', () => {
    const found = hosts(
      route(kind, 'a', ['one.test']),
      route(other, 'b', ['one.test', 'two.test']),
      route(kind, 'c', ['two.test']),
    );
    expect(found).toEqual({
      '*': [],
      'one.test': ['b respond', 'a forward'],
      'two.test': ['b respond', 'c forward'],
    });
  });

  it.each([
    ['by the schema', { typo: 1 }],
    ['for a field that is not implemented', { useDefaultGateways: 'All' }],
  ])('one that is refused %s takes no host from the other, but what is of its own kind', (_, slip) => {
    for (const hostname of ['one.test', '*.test', '*']) {
      const accepted = hostname === '*' ? undefined : [hostname];
      const found = hosts(route(kind, 'a', ['one.test'], slip), route(other, 'b', accepted));
      expect(found).toEqual({ ...(hostname === '*' ? {} : { '*': [] }), [hostname]: ['a respond', 'b forward'] });
    }
  });

  it('one of which the hosts cannot be read takes none', () => {
    const found = hosts(route(kind, 'a', 'one.test'), route(other, 'b', ['one.test']));
    expect(found).toEqual({ '*': ['a respond'], 'one.test': ['b forward'] });
  });

  it('one of which no rule can be served takes none, but what is of its own kind', () => {
    const rules = [{ matches: [{ headers: [{ type: 'RegularExpression', name: 'x', value: '(' }] }] }];
    const found = hosts(route(kind, 'a', ['one.test'], { rules }), route(other, 'b', ['one.test']));
    expect(found).toEqual({ '*': [], 'one.test': ['a respond', 'b forward'] });
  });

  it('one that is refused closes what it is for to its own kind, on hosts that the other has not', () => {
    const found = hosts(
      route(kind, 'a', ['one.test', 'two.test'], { typo: 1 }),
      route(other, 'b', ['one.test']),
      route(kind, 'c', ['*.two.test', 'two.test']),
    );
    expect(found).toEqual({
      '*': [],
      'one.test': ['a respond', 'b forward'],
      'two.test': ['a respond', 'c forward'],
      '*.two.test': ['c forward'],
    });
  });
});
