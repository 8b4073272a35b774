import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KeyPair } from '../seeds/self-signed.ts';

/** Files of manifests: contents by name. */
export type World = ReadonlyMap<string, string>;

/** What a world is made of. */
export interface WorldShape {
  /** Number of HTTPRoutes, each with a host name of its own. */
  readonly routes: number;
  /** Number of Services, each with an EndpointSlice of one address on loopback. */
  readonly services: number;
  /** Port of the Gateway. */
  readonly port: number;
  /** Port of the back-end. */
  readonly backEnd: number;
  /** ListenerSets of the Gateway: a listener of HTTPS each, with a host name and one of these certificates. */
  readonly listenerSets?: {
    readonly port: number;
    readonly certificates: readonly KeyPair[];
  };
}

const DOCUMENTS_PER_FILE = 100;

/** The answer header whose value the edits of the last route change. */
export const EDIT_HEADER = 'x-edit';

/** The value of that header after the edit of this number: always of one length, so that encoded bytes can be patched. */
export function editValue(edit: number): string {
  return `edit-${String(edit).padStart(6, '0')}`;
}

/** The host name of a route. */
export function hostOf(route: number): string {
  return `r${route}.bench.test`;
}

/** The host name of a ListenerSet's listener; routes have longer ones. */
export function setHostOf(set: number): string {
  return `*.l${set}.bench.test`;
}

/** The manifests of a shape: 100 documents a file; the last route carries the header that edits change. */
export function worldOf(shape: WorldShape): World {
  const services = range(shape.services).flatMap((i) => serviceDocuments(`s${i}`, shape.backEnd));
  const routes = range(shape.routes).map((i) => routeOf(shape, i, 0));
  return new Map([
    ['gateway.yaml', gateway(shape.port)],
    ...files('services', services),
    ...files('sets', listenerSets(shape)),
    ...files('routes', routes),
  ]);
}

/** The file of the last route, with its content after an edit. */
export function editedFile(shape: WorldShape, edit: number): { readonly name: string; readonly content: string } {
  const first = Math.floor((shape.routes - 1) / DOCUMENTS_PER_FILE) * DOCUMENTS_PER_FILE;
  const documents = range(shape.routes - first).map((i) => routeOf(shape, first + i, edit));
  return { name: fileName('routes', first / DOCUMENTS_PER_FILE), content: documents.join('---\n') };
}

/** Makes a folder hold exactly a world. */
export function writeWorld(folder: string, world: World): void {
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder)) if (!world.has(name)) rmSync(join(folder, name));
  for (const [name, content] of world) writeFileSync(join(folder, name), content);
}

/** A Service with one port, 80, and the slice with the address behind it. */
export function serviceDocuments(name: string, port: number): readonly string[] {
  return [
    `apiVersion: v1
kind: Service
metadata:
  name: ${name}
spec:
  ports:
    - name: http
      port: 80
`,
    `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: ${name}-1
  labels:
    kubernetes.io/service-name: ${name}
addressType: IPv4
endpoints:
  - addresses:
      - 127.0.0.1
ports:
  - name: http
    port: ${port}
`,
  ];
}

function gateway(port: number): string {
  return `apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata:
  name: sluice
spec:
  controllerName: gateway.envoyproxy.io/gatewayclass-controller
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: bench
spec:
  gatewayClassName: sluice
  listeners:
    - name: http
      protocol: HTTP
      port: ${port}
  allowedListeners:
    namespaces:
      from: Same
`;
}

function listenerSets({ listenerSets: sets }: WorldShape): readonly string[] {
  return (sets?.certificates ?? []).flatMap((pair, index) => [
    `apiVersion: v1
kind: Secret
metadata:
  name: l${index}
type: kubernetes.io/tls
data:
  tls.crt: ${Buffer.from(pair['tls.crt']).toString('base64')}
  tls.key: ${Buffer.from(pair['tls.key']).toString('base64')}
`,
    `apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata:
  name: l${index}
spec:
  parentRef:
    name: bench
  listeners:
    - name: https
      protocol: HTTPS
      port: ${sets?.port ?? 0}
      hostname: "${setHostOf(index)}"
      tls:
        certificateRefs:
          - name: l${index}
`,
  ]);
}

function routeOf({ routes, services, listenerSets: sets }: WorldShape, index: number, edit: number): string {
  const count = sets?.certificates.length ?? 0;
  const set = index % Math.max(count, 1);
  const filter = `      filters:
        - type: ResponseHeaderModifier
          responseHeaderModifier:
            set:
              - name: ${EDIT_HEADER}
                value: ${editValue(edit)}
`;
  return `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: r${index}
spec:
  parentRefs:
    - name: bench
${
  count === 0
    ? ''
    : `    - kind: ListenerSet
      name: l${set}
`
}  hostnames:
    - ${hostOf(index)}
${
  count === 0
    ? ''
    : `    - r${index}.l${set}.bench.test
`
}  rules:
    - matches:
        - path:
            type: PathPrefix
            value: /
${index === routes - 1 ? filter : ''}      backendRefs:
        - name: s${index % services}
          port: 80
`;
}

function files(kind: string, documents: readonly string[]): [string, string][] {
  return range(Math.ceil(documents.length / DOCUMENTS_PER_FILE)).map((i) => [
    fileName(kind, i),
    documents.slice(i * DOCUMENTS_PER_FILE, (i + 1) * DOCUMENTS_PER_FILE).join('---\n'),
  ]);
}

function fileName(kind: string, number: number): string {
  return `${kind}-${String(number).padStart(4, '0')}.yaml`;
}

function range(length: number): readonly number[] {
  return Array.from({ length }, (_, i) => i);
}
