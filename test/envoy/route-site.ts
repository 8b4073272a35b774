import { lower } from '#controller/xds/lower.ts';
import { freePort } from '../process/sluice.ts';
import { ask, type Answer } from '../scenario/ask.ts';
import { type Echo, startEcho } from '../scenario/echo.ts';
import { compileText } from '../scenario/on-envoy.ts';
import { type LiveEnvoy, startLiveEnvoy } from './live-envoy.ts';

/** A real Envoy that serves one Gateway, `shop`, with whatever manifests are given beside it, and a back-end to lead to. */
export interface RouteSite {
  readonly envoy: LiveEnvoy;
  readonly echo: Echo;
  /** Serves a listener with these manifests, and nothing else; resolves with its port. */
  serve(...manifests: readonly object[]): Promise<number>;
  /** The same, at a port of one's own. */
  serveAt(port: number, ...manifests: readonly object[]): Promise<number>;
  /** Serves these manifests alone, with whatever Gateways are among them, of the class `sluice`. */
  serveAlone(...manifests: readonly object[]): Promise<void>;
  /** Asks at the port that is served last. */
  get(path: string, headers?: Readonly<Record<string, string>>, method?: string): Promise<Answer>;
  /** Asks at a port. */
  getAt(port: number, path: string, headers?: Readonly<Record<string, string>>, method?: string): Promise<Answer>;
  stop(): Promise<void>;
}

/** Starts one; `module` is the file of the `policy` module, if there is to be one. */
export async function startRouteSite(module?: string): Promise<RouteSite> {
  const policyModule = module === undefined ? undefined : { digest: 'sha256:test', path: module };
  const [envoy, echo] = await Promise.all([startLiveEnvoy(), startEcho()]);
  let port = 0;
  const serveAlone = async (...manifests: readonly object[]): Promise<void> => {
    const rejected = await envoy.publish(lower(compileText(yamlOf([CLASS, ...manifests])), policyModule));
    if (rejected.length > 0) throw new Error(`Envoy rejects ${JSON.stringify(rejected)}`);
  };
  const serveAt = async (at: number, ...manifests: readonly object[]): Promise<number> => {
    port = at;
    await serveAlone(gatewayOf([{ name: 'http', protocol: 'HTTP', port }]), ...manifests);
    return port;
  };
  const getAt: RouteSite['getAt'] = (at, path, headers = {}, method = 'GET') =>
    ask(at, {
      name: '',
      statuses: [],
      upstream: {},
      response: {},
      method,
      path,
      headers: Object.entries(headers),
      from: '127.0.0.1',
    });
  return {
    envoy,
    echo,
    serveAlone,
    serveAt,
    serve: async (...manifests) => serveAt(await freePort(), ...manifests),
    getAt,
    get: (path, headers, method) => getAt(port, path, headers, method),
    stop: async () => {
      await envoy.stop();
      await echo.stop();
    },
  };
}

/** Manifests as one text. */
export function yamlOf(manifests: readonly object[]): string {
  return manifests.map((one) => `---\n${JSON.stringify(one)}\n`).join('');
}

const OF_ENVOY_GATEWAY: ReadonlySet<string> = new Set([
  'Backend',
  'BackendTrafficPolicy',
  'EnvoyExtensionPolicy',
  'SecurityPolicy',
  'HTTPRouteFilter',
  'ClientTrafficPolicy',
  'EnvoyPatchPolicy',
  'EnvoyProxy',
]);
const OF_KUBERNETES: ReadonlySet<string> = new Set(['Secret', 'ConfigMap', 'Service']);

/** An object of a kind in the namespace `default`. */
export function manifest(kind: string, name: string, spec: object): object {
  const metadata = { name };
  if (kind === 'Secret' || kind === 'ConfigMap') return { apiVersion: 'v1', kind, metadata, ...spec };
  const group = OF_ENVOY_GATEWAY.has(kind) ? 'gateway.envoyproxy.io/v1alpha1' : 'gateway.networking.k8s.io/v1';
  return { apiVersion: OF_KUBERNETES.has(kind) ? 'v1' : group, kind, metadata, spec };
}

/** The class of the Gateways. */
export const CLASS = manifest('GatewayClass', 'sluice', {
  controllerName: 'gateway.envoyproxy.io/gatewayclass-controller',
});

/** The Gateway `shop`, with these listeners. */
export function gatewayOf(listeners: readonly object[], more: object = {}): object {
  return manifest('Gateway', 'shop', { gatewayClassName: 'sluice', listeners, ...more });
}

/** The same object in another namespace. */
export function inNamespace(namespace: string, object: object): object {
  const metadata = 'metadata' in object && typeof object.metadata === 'object' ? object.metadata : {};
  return { ...object, metadata: { ...metadata, namespace } };
}

/** A filter that answers with a header `x-route`. */
export function answering(name: string): object {
  return { type: 'ResponseHeaderModifier', responseHeaderModifier: { set: [{ name: 'x-route', value: name }] } };
}

/** A route of the Gateway. */
export function route(rules: readonly object[], kind = 'HTTPRoute', name = 'route'): object {
  return manifest(kind, name, { parentRefs: [{ name: 'shop' }], rules });
}

/** A Backend with addresses on loopback. */
export function backend(name: string, ports: readonly number[], spec: object = {}): object {
  return manifest('Backend', name, {
    endpoints: ports.map((one) => ({ ip: { address: '127.0.0.1', port: one } })),
    ...spec,
  });
}

/** A reference to a Backend. */
export function to(name: string, rest: object = {}): object {
  return { group: 'gateway.envoyproxy.io', kind: 'Backend', name, ...rest };
}
