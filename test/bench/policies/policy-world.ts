import { issuer } from '#wasm-filters/testing/issuer.ts';
import { CLASS } from '../../process/manifests.ts';
import { EDIT_HEADER, editValue, hostOf, serviceDocuments, type World } from '../world.ts';

/** The header whose value the policies ask for, and what all of them let through. */
export const ROLE = { header: 'x-role', good: 'admin' } as const;

/** The header by which a request shows which version of a policy judged it. */
const VERSION = 'x-version';

const DOCUMENTS_PER_FILE = 100;
const rsa = issuer('RS256');

/** What a world of policies is made of. */
export interface PolicyShape {
  readonly routes: number;
  /** A policy on every route, or one on the Gateway. */
  readonly on: 'routes' | 'gateway';
  readonly port: number;
  readonly backEnd: number;
}

/** The route that no policy of its own is about, whose edit is what the others are held against. */
export const PLAIN_HOST = 'plain.bench.test';

/** The manifests: a route a host name, and the policies. */
export function policyWorld(shape: PolicyShape): World {
  const indices = Array.from({ length: shape.routes }, (_, index) => index);
  const files = new Map<string, string>([
    ['gateway.yaml', gateway(shape.port)],
    ['services.yaml', serviceDocuments('s0', shape.backEnd).join('---\n')],
    ['plain.yaml', plainRoute(0)],
  ]);
  for (let first = 0; first < shape.routes; first += DOCUMENTS_PER_FILE) {
    const some = indices.slice(first, first + DOCUMENTS_PER_FILE);
    const name = String(first / DOCUMENTS_PER_FILE).padStart(4, '0');
    files.set(`routes-${name}.yaml`, some.map((index) => route(`r${index}`, hostOf(index), '')).join('---\n'));
    if (shape.on === 'routes') {
      files.set(
        `policies-${name}.yaml`,
        some.map((index) => policy(`r${index}`, target('HTTPRoute', `r${index}`), [0])).join('---\n'),
      );
    }
  }
  const edited = editedPolicy(shape, 0);
  files.set(edited.name, edited.content);
  return files;
}

/** The file of the policy that edits change, after an edit. With `rules` it has that many, of which the last lets through. */
export function editedPolicy(
  { on, routes }: PolicyShape,
  edit: number,
  rules = 1,
): { readonly name: string; readonly content: string } {
  const versions = Array.from({ length: rules }, (_, index) => (index === rules - 1 ? edit : -1 - index));
  const where = on === 'gateway' ? target('Gateway', 'bench') : target('HTTPRoute', `r${routes - 1}`);
  // Of two policies on one route the first by name is in force.
  return { name: 'edited.yaml', content: policy('a-edited', where, versions) };
}

/** The file of the plain route, after an edit. */
export function plainRoute(edit: number): string {
  const filter = `      filters:
        - type: ResponseHeaderModifier
          responseHeaderModifier: { set: [{ name: ${EDIT_HEADER}, value: ${editValue(edit)} }] }
`;
  return route('plain', PLAIN_HOST, filter);
}

/** The headers of a request that the version of an edit lets through, and no other does. */
export function headersOf(edit: number): Readonly<Record<string, string>> {
  return { [ROLE.header]: ROLE.good, [VERSION]: versionOf(edit), authorization: `Bearer ${TOKEN}` };
}

const ISSUER = 'https://issuer.example';
const TOKEN = rsa.token({ iss: ISSUER, exp: 4_102_444_800, sub: 'ada' });

function versionOf(edit: number): string {
  return `v${edit}`;
}

function policy(name: string, targetRef: string, versions: readonly number[]): string {
  return `apiVersion: gateway.envoyproxy.io/v1alpha1
kind: SecurityPolicy
metadata: { name: ${name} }
spec:
  targetRefs: [${targetRef}]
  jwt:
    providers:
      - name: issuer
        issuer: ${ISSUER}
        localJWKS: { type: Inline, inline: '${JSON.stringify({ keys: [rsa.jwk] })}' }
  authorization:
    defaultAction: Deny
    rules:
${versions
  .map(
    (version) =>
      `      - action: Allow
        principal: { headers: [{ name: ${ROLE.header}, values: [${ROLE.good}] }, { name: ${VERSION}, values: [${versionOf(version)}] }] }
`,
  )
  .join('')}`;
}

function target(kind: string, name: string): string {
  return `{ group: gateway.networking.k8s.io, kind: ${kind}, name: ${name} }`;
}

function gateway(port: number): string {
  return `${CLASS}---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: bench }
spec:
  gatewayClassName: sluice
  listeners: [{ name: http, protocol: HTTP, port: ${port} }]
`;
}

function route(name: string, host: string, filters: string): string {
  return `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${name} }
spec:
  parentRefs: [{ name: bench }]
  hostnames: [${host}]
  rules:
    - matches: [{ path: { value: / } }]
${filters}      backendRefs: [{ name: s0, port: 80 }]
`;
}
