/** Manifests of process tests. */

/** The class of every Gateway here. */
export const CLASS = `apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: sluice }
spec: { controllerName: gateway.envoyproxy.io/gatewayclass-controller }
`;

/** A Gateway with a listener "http" on a port. */
export function gateway(name: string, port: number, more = ''): string {
  return `---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: ${name} }
spec:
  gatewayClassName: sluice
  ${more}
  listeners: [{ name: http, protocol: HTTP, port: ${port} }]
`;
}

/** A route of a Gateway from a path to a port of this machine. */
export function route(name: string, parent: string, path: string, backendPort: number): string {
  return `---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${name} }
spec:
  parentRefs: [{ name: ${parent} }]
  rules:
    - matches: [{ path: { type: PathPrefix, value: ${path} } }]
      backendRefs: [{ group: gateway.envoyproxy.io, kind: Backend, name: ${name} }]
---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: Backend
metadata: { name: ${name} }
spec: { endpoints: [{ ip: { address: 127.0.0.1, port: ${backendPort} } }] }
`;
}

/** An EnvoyPatchPolicy of Gateway `shop` with one patch: `type` behind "envoy.config.", `operation` in YAML. */
export function patch(name: string, type: string, resource: string, operation: string): string {
  return `---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: EnvoyPatchPolicy
metadata: { name: ${name} }
spec:
  targetRef: { group: gateway.networking.k8s.io, kind: Gateway, name: shop }
  type: JSONPatch
  jsonPatches: [{ type: type.googleapis.com/envoy.config.${type}, name: "${resource}", operation: ${operation} }]
`;
}
