import { createTranslator, type Translation } from '#controller/translate.ts';
import { DEFAULT_SETTINGS } from '#controller/compile.ts';
import { admit } from '#controller/provider/admit.ts';
import { ResourceStore } from '#controller/resources/store.ts';
import { lower } from '#controller/xds/lower.ts';
import type { XdsSnapshot } from '#controller/xds/snapshot.ts';

const GATEWAY_API = 'gateway.networking.k8s.io/v1';

/** The spec of an HTTPRoute, as a user might write it. */
export interface FuzzRoute {
  readonly hostnames?: readonly string[];
  readonly rules: readonly object[];
}

/** What users' routes become. */
export interface FuzzResult {
  /** Why the schema refuses routes; none of what follows is made of those. */
  readonly refused: readonly string[];
  readonly translation: Translation;
  readonly snapshot: XdsSnapshot;
}

/** A back-end reference to the echo at this port of loopback. */
export const ECHO_REF = { group: 'gateway.envoyproxy.io', kind: 'Backend', name: 'echo' };

/** Compiles routes of one Gateway that listens on `port` of loopback; their back-end is at `echo`. */
export function compileRoutes(routes: readonly FuzzRoute[], port: number, echo: number): FuzzResult {
  const store = new ResourceStore();
  const refused: string[] = [];
  const documents = [
    object('GatewayClass', 'c', { controllerName: DEFAULT_SETTINGS.controllerName }),
    object('Gateway', 'g', {
      gatewayClassName: 'c',
      listeners: [{ name: 'http', protocol: 'HTTP', port }],
    }),
    {
      ...object('Backend', 'echo', { endpoints: [{ ip: { address: '127.0.0.1', port: echo } }] }),
      apiVersion: 'gateway.envoyproxy.io/v1alpha1',
    },
    ...routes.map((route, index) => object('HTTPRoute', `r${index}`, { parentRefs: [{ name: 'g' }], ...route })),
  ];
  for (const document of documents) {
    const admitted = admit(document);
    if (admitted.kind === 'resource') store.upsert(admitted.resource);
    if (admitted.kind === 'refused') refused.push(admitted.refusals.map(({ message }) => message).join('; '));
  }
  const translation = createTranslator({ ...DEFAULT_SETTINGS, bindAddress: '127.0.0.1' })(store);
  const proxy = translation.proxies.get('default/g');
  if (proxy === undefined) throw new Error('there is no proxy');
  return { refused, translation, snapshot: lower(proxy.xds, undefined) };
}

function object(kind: string, name: string, spec: object): object {
  return { apiVersion: GATEWAY_API, kind, metadata: { name }, spec };
}
