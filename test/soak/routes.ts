/** The routes that clients ask for, each with its policy. A policy comes before its route, which is never without it. */
import { issue } from '../tls/authority.ts';
import { BASIC, certificateOf, HOST, jwtOf, limitOf, oidcOf, policyOf, routeOf, secretOf } from './manifests.ts';
import type { Makings } from './world.ts';

/** A route with the policy that asks for a token of alice or of one whom only this round knows. */
export function securedOf({ keys, to }: Makings, round: number): readonly object[] {
  const policy = jwtOf(keys.envoy.jwk, ['alice', `probe-${round}`]);
  return [policyOf('SecurityPolicy', 'secured', policy), routeOf('secured', to('a'))];
}

/** A route through one version of a module. */
export function filteredOf({ modules, to }: Makings, version: number): readonly object[] {
  return [policyOf('EnvoyExtensionPolicy', 'filtered', modules.policy(version)), routeOf('filtered', to('a'))];
}

/** A route that comes with its policy, and goes. */
export function lateOf({ keys, to }: Makings): readonly object[] {
  return [policyOf('SecurityPolicy', 'late', jwtOf(keys.envoy.jwk)), routeOf('late', to('a'))];
}

/** The certificate of a round, which its name tells. */
export function certificateNamed(name: string): readonly object[] {
  return [certificateOf(issue(name, { dns: [HOST] }))];
}

/** All of them at the beginning, by the name under which they are put in place. */
export function routesAtFirst(makings: Makings): { readonly [name: string]: readonly object[] } {
  const { keys, to } = makings;
  return {
    certificate: certificateNamed('first'),
    app: [routeOf('app', to('app'))],
    edited: [routeOf('edited', to('a'))],
    secured: securedOf(makings, 0),
    signed: [policyOf('SecurityPolicy', 'signed', jwtOf(keys.sidecar.jwk)), routeOf('signed', to('a'))],
    login: [
      secretOf('client', { 'client-secret': 'no-secret' }),
      policyOf('SecurityPolicy', 'login', oidcOf(`http://${HOST}/login/callback`)),
      routeOf('login', to('a')),
    ],
    password: [
      secretOf('users', { '.htpasswd': BASIC.secret }),
      policyOf('SecurityPolicy', 'password', { basicAuth: { users: { name: 'users' } } }),
      routeOf('password', to('a')),
    ],
    limited: [limitOf('limited'), routeOf('limited', to('a'))],
    filtered: filteredOf(makings, 0),
    late: lateOf(makings),
  };
}
