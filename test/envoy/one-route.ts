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
  return [
    object('GatewayClass', 'sluice', { controllerName: 'gateway.envoyproxy.io/gatewayclass-controller' }),
    object('Gateway', 'shop', { gatewayClassName: 'sluice', listeners: [{ name: 'http', protocol: 'HTTP', port }] }),
    object('HTTPRoute', 'route', {
      parentRefs: [{ name: 'shop' }],
      ...(hostname === undefined ? {} : { hostnames: [hostname] }),
      rules: [{ ...rule, backendRefs: [{ group: 'gateway.envoyproxy.io', kind: 'Backend', name: 'echo' }] }],
    }),
    object('Backend', 'echo', { endpoints: ports.map((one) => ({ ip: { address: '127.0.0.1', port: one } })) }),
    object('BackendTrafficPolicy', 'policy', {
      targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: 'route' }],
      ...policy,
    }),
  ].join('');
}

function object(kind: string, name: string, spec: object): string {
  const group =
    kind === 'Backend' || kind === 'BackendTrafficPolicy'
      ? 'gateway.envoyproxy.io/v1alpha1'
      : 'gateway.networking.k8s.io/v1';
  return `---\n${JSON.stringify({ apiVersion: group, kind, metadata: { name }, spec })}\n`;
}
