/** Manifests of a soak, as JSON, which is YAML. */
import { createHash } from 'node:crypto';
import type { Pair } from '../tls/authority.ts';
import type { BackEnd } from './world.ts';

const GATEWAY_API = 'gateway.networking.k8s.io';
const ENVOY_GATEWAY = 'gateway.envoyproxy.io';
const CLASS = 'sluice';

/** The host that is asked for. */
export const HOST = 'shop.example';

/** Who may use a password, and what of it goes over the wire. */
export const BASIC = {
  secret: `ada:{SHA}${createHash('sha1').update('open sesame').digest('base64')}\n`,
  header: `Basic ${Buffer.from('ada:open sesame').toString('base64')}`,
} as const;

/** Documents of one file. */
export function file(documents: readonly object[]): string {
  return documents.map((one) => `---\n${JSON.stringify(one)}\n`).join('');
}

function object(apiVersion: string, kind: string, name: string, content: object): object {
  return { apiVersion, kind, metadata: { name }, ...content };
}

/** The class of all Gateways. */
export function classOf(): object {
  const spec = { controllerName: `${ENVOY_GATEWAY}/gatewayclass-controller` };
  return object(`${GATEWAY_API}/v1`, 'GatewayClass', CLASS, { spec });
}

/** A Gateway with a port of HTTP, and one of HTTPS with the certificate `server` where it is given. */
export function gatewayOf(
  name: string,
  { http, https }: { readonly http: number; readonly https?: number },
  more: object = {},
): object {
  const tls = { certificateRefs: [{ name: 'server' }] };
  const secure = https === undefined ? [] : [{ name: 'https', protocol: 'HTTPS', port: https, tls }];
  const listeners = [{ name: 'http', protocol: 'HTTP', port: http }, ...secure];
  return object(`${GATEWAY_API}/v1`, 'Gateway', name, { spec: { gatewayClassName: CLASS, listeners, ...more } });
}

/** A reference to a back-end: a Backend `a` or `b`, or the Service `app`. */
export function toBackend(name: BackEnd): object {
  return name === 'app' ? toService(name) : { group: ENVOY_GATEWAY, kind: 'Backend', name };
}

/** A reference to a Service. */
export function toService(name: BackEnd): object {
  return { name, port: 80 };
}

/** A route by path, its own name. */
export function routeOf(name: string, backend: object, parent = 'shop', path = `/${name}`): object {
  const matches = [{ path: { type: 'PathPrefix', value: path } }];
  return object(`${GATEWAY_API}/v1`, 'HTTPRoute', name, {
    spec: { parentRefs: [{ name: parent }], rules: [{ matches, backendRefs: [backend] }] },
  });
}

/** A policy of the route of its name. */
export function policyOf(kind: string, name: string, spec: object, annotations: object = {}): object {
  const targetRefs = [{ group: GATEWAY_API, kind: 'HTTPRoute', name }];
  const metadata = { name, annotations };
  return { apiVersion: `${ENVOY_GATEWAY}/v1alpha1`, kind, metadata, spec: { targetRefs, ...spec } };
}

/** A Backend at a port of loopback. */
export function backendOf(name: string, port: number): object {
  const endpoints = [{ ip: { address: '127.0.0.1', port } }];
  return object(`${ENVOY_GATEWAY}/v1alpha1`, 'Backend', name, { spec: { endpoints } });
}

/** The Service `app`, and its endpoints: ports of loopback, a slice each. */
export function serviceOf(ports: readonly number[]): readonly object[] {
  const slices = ports.map((port, index) => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `app-${index}`, labels: { 'kubernetes.io/service-name': 'app' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['127.0.0.1'] }],
    ports: [{ name: 'http', port }],
  }));
  return [object('v1', 'Service', 'app', { spec: { ports: [{ name: 'http', port: 80 }] } }), ...slices];
}

/** A Secret of text. */
export function secretOf(name: string, stringData: { readonly [key: string]: string }, type = 'Opaque'): object {
  return object('v1', 'Secret', name, { type, stringData });
}

/** The certificate of the Gateway. */
export function certificateOf({ certificate, key }: Pair): object {
  return secretOf('server', { 'tls.crt': certificate, 'tls.key': key }, 'kubernetes.io/tls');
}

/** What asks for a token of a key (a JSON Web Key) of somebody among these. */
export function jwtOf(jwk: object, subjects?: readonly string[]): object {
  const localJWKS = { type: 'Inline', inline: JSON.stringify({ keys: [jwk] }) };
  const principal = { jwt: { provider: 'main', claims: [{ name: 'sub', values: subjects ?? [] }] } };
  const rules = [{ action: 'Allow', principal }];
  return {
    jwt: { providers: [{ name: 'main', localJWKS }] },
    ...(subjects === undefined ? {} : { authorization: { defaultAction: 'Deny', rules } }),
  };
}

/** A login at a provider that nobody asks: all that is looked at is that nobody passes without one. */
export function oidcOf(redirectURL: string): object {
  const issuer = 'https://idp.example';
  const provider = { issuer, authorizationEndpoint: `${issuer}/authorize`, tokenEndpoint: `${issuer}/token` };
  return { oidc: { provider, clientID: 'shop', clientSecret: { name: 'client' }, redirectURL } };
}

/** The module of a route, by its address and digest; it tells the back-end its version. */
export function moduleOf(url: string, module: Uint8Array, version: number): object {
  const sha256 = createHash('sha256').update(module).digest('hex');
  const config = { request: { set: [{ name: 'x-module', value: String(version) }] } };
  return { wasm: [{ name: 'told', code: { type: 'HTTP', http: { url, sha256 } }, config }] };
}

/** A limit of a route that nobody gets to: the sidecar counts each request in Redis, nothing is leased beforehand. */
export function limitOf(name: string): object {
  const rateLimit = { type: 'Global', global: { rules: [{ limit: { requests: 1_000_000_000, unit: 'Hour' } }] } };
  return policyOf('BackendTrafficPolicy', name, { rateLimit }, { 'sluice.dev/rate-limit-lease': '0' });
}
