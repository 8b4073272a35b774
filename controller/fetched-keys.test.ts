import { describe, expect, it } from 'vitest';
import { issuer } from '#wasm-filters/testing/issuer.ts';
import { DEFAULT_SETTINGS, SOME_MODULE, storeOf } from './compile.ts';
import { loadOnce } from './provider/files/load-once.ts';
import type { Want } from './resources/wants.ts';
import { createTranslator } from './translate.ts';
import { lower } from './xds/lower.ts';
import { httpChains } from './ir/listener.ts';

/** A route and a policy of one name, the keys of which are fetched from a host of that name. */
const guarded = (name: string) => `---
{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: ${name}},
 spec: {parentRefs: [{name: shop}], hostnames: [${name}.example], rules: [{}]}}
---
{apiVersion: gateway.envoyproxy.io/v1alpha1, kind: SecurityPolicy, metadata: {name: ${name}},
 spec: {targetRefs: [{group: gateway.networking.k8s.io, kind: HTTPRoute, name: ${name}}],
 jwt: {providers: [{name: p, remoteJWKS: {uri: "https://${name}.example/keys"}}]}}}
`;
const WORLD = `
{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: sluice},
 spec: {controllerName: gateway.envoyproxy.io/gatewayclass-controller}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: shop},
 spec: {gatewayClassName: sluice, listeners: [{name: http, protocol: HTTP, port: 8080}]}}
${guarded('one')}${guarded('two')}`;

const keysOf = (...kids: readonly string[]) => JSON.stringify({ keys: kids.map((kid) => issuer('ES256', kid).jwk) });

/** A compiler at work, and what changes for the proxy from one moment to the next. */
function world() {
  const store = storeOf(loadOnce(['-'], { stdin: Buffer.from(WORLD) }));
  const translate = createTranslator(DEFAULT_SETTINGS);
  const now = () => {
    const translation = translate(store);
    const xds = translation.proxies.get('default/shop')?.xds;
    if (xds === undefined) throw new Error('there is no proxy');
    const snapshot = lower(xds, SOME_MODULE);
    const versions = Object.values(snapshot).flatMap((resources) => [...resources.values()]);
    return { translation, xds, versions: new Map(versions.map(({ name, version }) => [name, version])) };
  };
  const answer = (want: Want, text: string, failure?: string) =>
    store.setAnswer(want, { answer: { kind: 'document', text }, failure });
  return { store, now, answer };
}

function changed(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly string[] {
  return [...new Set([...before.keys(), ...after.keys()])].filter((name) => before.get(name) !== after.get(name));
}

describe('keys that are fetched', () => {
  it('are wanted by every policy that names them, and its routes are closed until they are there', () => {
    const { now } = world();
    const { translation, xds } = now();
    expect(translation.wants.map((want) => 'url' in want && want.url)).toEqual([
      'https://one.example/keys',
      'https://two.example/keys',
    ]);
    const routes = xds.listeners.flatMap((listener) =>
      httpChains(listener).flatMap(({ virtualHosts }) =>
        virtualHosts.flatMap((hosts) => hosts.flatMap((host) => host.routes)),
      ),
    );
    expect(routes.map(({ action }) => action)).toEqual([
      { kind: 'respond', status: 500 },
      { kind: 'respond', status: 500 },
    ]);
  });

  it('change their own routes, and nothing else, when they come and when they are rotated', () => {
    const { now, answer } = world();
    const first = now();
    const [one, two] = first.translation.wants;
    if (one === undefined || two === undefined) throw new Error('nothing is wanted');
    answer(one, keysOf('a'));
    const second = now();
    expect(changed(first.versions, second.versions)).toEqual([expect.stringContaining('one.example')]);
    answer(two, keysOf('b'));
    const third = now();
    expect(changed(second.versions, third.versions)).toEqual([expect.stringContaining('two.example')]);
    answer(one, keysOf('a', 'c'));
    expect(changed(third.versions, now().versions)).toEqual([expect.stringContaining('one.example')]);
  });

  it('change nothing when they cannot be had again, but what is said of the policy', () => {
    const { now, answer } = world();
    const keys = keysOf('a');
    for (const want of now().translation.wants) answer(want, keys);
    const good = now();
    for (const want of good.translation.wants) answer(want, keys, 'https://one.example/keys: down');
    const stale = now();
    expect(changed(good.versions, stale.versions)).toEqual([]);
    expect(JSON.stringify(good.translation.statuses())).not.toContain('FetchFailed');
    expect(JSON.stringify(stale.translation.statuses())).toContain(
      'https://one.example/keys: down; what was fetched before is in force',
    );
  });

  it('are no longer wanted when their policy is gone; the list of wants is the same as long as it says the same', () => {
    const { store, now } = world();
    const before = now().translation.wants;
    store.delete('HTTPRoute', 'default', 'two');
    expect(now().translation.wants).toBe(before);
    store.delete('SecurityPolicy', 'default', 'one');
    expect(now().translation.wants).toEqual(before.slice(1));
  });
});
