import { CLASS } from '../../process/manifests.ts';
import { PATHS } from './native-bootstrap.ts';

/** A case and the port on which it is served. */
export interface PlacedCase {
  readonly id: string;
  readonly port: number;
  readonly manifests: string;
}

/** The manifests of all cases: one Gateway with a listener and a route for each, all to one back-end. */
export function filterManifests(cases: readonly PlacedCase[], backEnd: number): string {
  return `${CLASS}---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: bench }
spec:
  gatewayClassName: sluice
  addresses: [{ value: 127.0.0.1 }]
  listeners:
${cases.map(({ id, port }) => `    - { name: ${id}, protocol: HTTP, port: ${port} }\n`).join('')}---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: Backend
metadata: { name: back-end }
spec: { endpoints: [{ ip: { address: 127.0.0.1, port: ${backEnd} } }] }
${cases.map(route).join('')}`;
}

function route({ id, manifests }: PlacedCase): string {
  return `---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${id} }
spec:
  parentRefs: [{ name: bench, sectionName: ${id} }]
  rules:
    - matches: [{ path: { value: ${PATHS.direct} } }]
      filters:
        - type: RequestRedirect
          requestRedirect: { path: { type: ReplaceFullPath, replaceFullPath: / }, statusCode: 302 }
    - matches: [{ path: { value: ${PATHS.proxied} } }]
      backendRefs: [{ group: gateway.envoyproxy.io, kind: Backend, name: back-end }]
${manifests}`;
}
