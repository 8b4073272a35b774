import type { Listener, RouteGroupKind } from '#controller/api/gen/types.d.ts';
import type { Refusal } from '../resources/verdict.ts';

/** The protocols that listeners may have. */
export const PROTOCOLS = ['HTTP', 'HTTPS', 'TLS', 'TCP', 'UDP'] as const;

const GROUP = 'gateway.networking.k8s.io';

/** The kinds of route that a listener of a protocol can have (Gateway API, `AllowedRoutes.kinds`). */
const KINDS: { readonly [protocol in (typeof PROTOCOLS)[number]]: readonly string[] } = {
  HTTP: ['HTTPRoute', 'GRPCRoute'],
  HTTPS: ['HTTPRoute', 'GRPCRoute'],
  TLS: ['TCPRoute', 'TLSRoute'],
  TCP: ['TCPRoute'],
  UDP: ['UDPRoute'],
};

/** Whether a listener may have such a protocol. */
export function isProtocol(protocol: string): protocol is keyof typeof KINDS {
  return protocol in KINDS;
}

/** Whether a listener passes TLS on to the back-end. */
export function passesThrough({ protocol, tls }: Listener): boolean {
  return protocol === 'TLS' && tls?.mode === 'Passthrough';
}

/** Whether TLS ends at a listener. */
export function terminatesTls(spec: Listener): boolean {
  return spec.protocol === 'HTTPS' || (spec.protocol === 'TLS' && !passesThrough(spec));
}

/** The kinds of route that a listener can have by its protocol. What TLS carries is known only where it ends. */
function kindsOf(spec: Listener): readonly string[] {
  if (!isProtocol(spec.protocol)) return [];
  return passesThrough(spec) ? ['TLSRoute'] : KINDS[spec.protocol];
}

/** The kinds of route that a listener allows and can have, and why that is not all it allows. */
export function routeKinds(spec: Listener): { readonly kinds: readonly RouteGroupKind[]; readonly problem?: Refusal } {
  const possible = kindsOf(spec);
  const { kinds } = spec.allowedRoutes;
  if (kinds === undefined) return { kinds: possible.map((kind) => ({ group: GROUP, kind })) };
  const allowed = kinds.filter(({ group, kind }) => group === GROUP && possible.includes(kind));
  if (allowed.length === kinds.length) return { kinds: allowed };
  const found = kinds.map(({ kind }) => kind).join(', ');
  const message = `allowedRoutes.kinds: found ${found}, accepted for protocol ${spec.protocol} ${possible.length > 1 ? 'are' : 'is'} ${possible.join(' and ')}`;
  return { kinds: allowed, problem: { reason: 'InvalidRouteKinds', message } };
}
