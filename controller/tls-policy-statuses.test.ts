import { describe, expect, it } from 'vitest';
import type { KindName, Resource, ResourceOf } from './api/gen/types.d.ts';
import { DEFAULT_SETTINGS } from './compile.ts';
import { admit } from './provider/admit.ts';
import { ResourceStore } from './resources/store.ts';
import { createTranslator } from './translate.ts';

const GATEWAY_API = 'gateway.networking.k8s.io/v1';
const ENVOY_GATEWAY = 'gateway.envoyproxy.io/v1alpha1';

function resource(apiVersion: string, kind: string, name: string, spec: object, labels?: object): Resource {
  const admitted = admit({ apiVersion, kind, metadata: { name, labels }, spec });
  if (admitted.kind !== 'resource') throw new Error(JSON.stringify(admitted));
  return admitted.resource;
}

/** A store that notes which kinds somebody lists. */
class ListedStore extends ResourceStore {
  readonly listed: KindName[] = [];

  override list<K extends KindName>(kind: K): readonly ResourceOf<K>[] {
    this.listed.push(kind);
    return super.list(kind);
  }
}

const route = (team: string): Resource => resource(GATEWAY_API, 'HTTPRoute', 'cart', { rules: [{}] }, { team });
const targetSelectors = [{ kind: 'HTTPRoute', matchLabels: { team: 'a' } }];
const backendRefs = [{ name: 'auth', port: 443 }];

/** A Service with a BackendTLSPolicy, which a policy of each kind asks that selects the routes of a team. */
function world(): ListedStore {
  const store = new ListedStore();
  store.upsert(resource('v1', 'Service', 'auth', { ports: [{ name: 'https', port: 443 }] }));
  const targetRefs = [{ group: '', kind: 'Service', name: 'auth' }];
  const validation = { wellKnownCACertificates: 'System', hostname: 'auth.test' };
  store.upsert(resource(GATEWAY_API, 'BackendTLSPolicy', 'tls', { targetRefs, validation }));
  const extAuth = { http: { backendRefs } };
  store.upsert(resource(ENVOY_GATEWAY, 'SecurityPolicy', 'asks', { targetSelectors, extAuth }));
  const extProc = [{ backendRefs }];
  store.upsert(resource(ENVOY_GATEWAY, 'EnvoyExtensionPolicy', 'asks', { targetSelectors, extProc }));
  store.upsert(route('a'));
  return store;
}

describe('a BackendTLSPolicy of servers that policies with selectors have asked', () => {
  const store = world();
  const translate = createTranslator(DEFAULT_SETTINGS);
  /** Which kinds of policy it names, and how often routes were listed to find them. */
  const told = (): { readonly ancestors: readonly string[]; readonly lists: number } => {
    const { statuses } = translate(store);
    store.listed.length = 0;
    const found = statuses().flat();
    const ancestors = found.flatMap((status) =>
      status.kind === 'policy' && status.object.kind === 'BackendTLSPolicy'
        ? status.ancestors.map(({ ref }) => `${ref.kind} ${ref.name}`)
        : [],
    );
    return { ancestors, lists: store.listed.filter((kind) => kind === 'HTTPRoute').length };
  };
  const BOTH = ['EnvoyExtensionPolicy asks', 'SecurityPolicy asks'];

  it('names them, without a look at all routes', () => {
    expect(told()).toEqual({ ancestors: BOTH, lists: 0 });
  });

  it('does not name them while they select nothing', () => {
    store.upsert(route('b'));
    expect(told()).toEqual({ ancestors: [], lists: 0 });
    store.upsert(route('a'));
    expect(told()).toEqual({ ancestors: BOTH, lists: 0 });
  });
});
