import { backend, CLASS, gatewayOf, manifest, to, yamlOf } from './route-site.ts';

/** A Gateway with one route and a BackendTrafficPolicy for it. */
export interface OneRoute {
  readonly policy: object;
  /** Of the listener. */
  readonly port: number;
  /** Of back-ends on loopback. */
  readonly ports: readonly number[];
  readonly hostname?: string;
  /** What the rule says besides its back-ends. */
  readonly rule?: object;
}

/** Writes the manifests. */
export function oneRoute({ policy, port, ports, hostname, rule = {} }: OneRoute): string {
  return yamlOf([
    CLASS,
    gatewayOf([{ name: 'http', protocol: 'HTTP', port }]),
    manifest('HTTPRoute', 'route', {
      parentRefs: [{ name: 'shop' }],
      ...(hostname === undefined ? {} : { hostnames: [hostname] }),
      rules: [{ ...rule, backendRefs: [to('echo')] }],
    }),
    backend('echo', ports),
    manifest('BackendTrafficPolicy', 'policy', {
      targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: 'route' }],
      ...policy,
    }),
  ]);
}
