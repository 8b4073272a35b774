import type { EnvoyExtensionPolicy, ParentReference, SecurityPolicy } from '#controller/api/gen/types.d.ts';
import { once } from '../ir/once.ts';
import type { Pieces } from '../ir/pieces.ts';
import type { AttachedRoute } from './attach-routes.ts';
import type { GatewayState } from './gateways.ts';

/** That a route of a parent, or a policy, sends requests to a back-end. */
export interface BackendUse {
  /** The parent, or the policy, as a policy names it among its ancestors. */
  readonly parent: ParentReference;
  /** The policy; absent for routes. */
  readonly policy?: AskingPolicy;
  readonly port: number | undefined;
}

/** A policy that may have back-ends of its own asked. */
export type AskingPolicy = SecurityPolicy | EnvoyExtensionPolicy;

type Uses = ReadonlyMap<string, readonly BackendUse[]>;

/** Routes or policies; the same array as long as they are the same. */
type Piece = readonly AttachedRoute[] | readonly AskingPolicy[];

/** Knows which parents' routes, and which policies, send requests to which back-ends. Only what changed since is looked at. */
export class BackendUses {
  #pieces: ReadonlySet<Piece> = new Set();
  /** By back-end, then by the piece that says so. */
  readonly #uses = new Map<string, Map<Piece, readonly BackendUse[]>>();

  /** Brings it up to date. */
  update(gateways: readonly GatewayState[], policies: Pieces<AskingPolicy>): void {
    const now = new Set<Piece>([...gateways.flatMap(({ routes }) => routes), ...policies]);
    for (const piece of this.#pieces.difference(now)) {
      for (const backend of usesOf(piece).keys()) {
        const uses = this.#uses.get(backend);
        uses?.delete(piece);
        if (uses?.size === 0) this.#uses.delete(backend);
      }
    }
    for (const piece of now.difference(this.#pieces)) {
      for (const [backend, uses] of usesOf(piece)) {
        const known = this.#uses.get(backend) ?? new Map<Piece, readonly BackendUse[]>();
        this.#uses.set(backend, known.set(piece, uses));
      }
    }
    this.#pieces = now;
  }

  /** Whether anything uses a back-end. */
  has(kind: string, namespace: string, name: string): boolean {
    return this.#uses.has(`${kind}/${namespace}/${name}`);
  }

  /** Every use of a back-end. */
  of(kind: string, namespace: string, name: string): readonly BackendUse[] {
    return [...(this.#uses.get(`${kind}/${namespace}/${name}`)?.values() ?? [])].flat();
  }
}

const usesOf = once((piece: Piece): Uses => {
  const uses = new Map<string, BackendUse[]>();
  for (const user of piece) {
    const { namespace, refs, of } = 'core' in user ? routeUses(user) : policyUses(user);
    for (const ref of refs) {
      const key = `${ref.kind}/${ref.namespace ?? namespace}/${ref.name}`;
      uses.set(key, [...(uses.get(key) ?? []), ...of.map((use) => ({ ...use, port: ref.port }))]);
    }
  }
  return uses;
});

/** What a user names, and as whom. */
interface UserOfBackends {
  readonly namespace: string;
  readonly refs: readonly Named[];
  readonly of: readonly Pick<BackendUse, 'parent' | 'policy'>[];
}

function routeUses({ core: { route }, reports }: AttachedRoute): UserOfBackends {
  const { namespace } = route.metadata;
  const of = reports.map(({ ref }) => ({ parent: parentOf(ref, namespace) }));
  return { namespace, refs: backendsOf(route), of };
}

function policyUses(policy: AskingPolicy): UserOfBackends {
  const { namespace, name } = policy.metadata;
  const parent = { group: 'gateway.envoyproxy.io', kind: policy.kind, namespace, name };
  return { namespace, refs: askedBy(policy).flatMap(bothFields), of: [{ parent, policy }] };
}

interface Asked {
  readonly backendRef?: Named;
  readonly backendRefs?: readonly Named[];
}

function bothFields({ backendRef, backendRefs = [] }: Asked): readonly Named[] {
  return backendRef === undefined ? backendRefs : [backendRef, ...backendRefs];
}

/** Everything in a policy that names servers to ask. */
function askedBy(policy: AskingPolicy): readonly Asked[] {
  if (policy.kind === 'EnvoyExtensionPolicy') return policy.spec.extProc ?? [];
  const { extAuth, jwt, oidc } = policy.spec;
  const keySets = (jwt?.providers ?? []).map(({ remoteJWKS }) => remoteJWKS);
  return [extAuth?.grpc, extAuth?.http, ...keySets, oidc?.provider].flatMap((asked) => asked ?? []);
}

type Route = AttachedRoute['core']['route'];

interface Named {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly port?: number;
}

/** The back-ends that a route names, those of mirrors among them. */
export function backendsOf({ spec }: Route): readonly Named[] {
  return (spec.rules ?? []).flatMap(({ backendRefs = [], ...rule }) => [
    ...backendRefs,
    ...('filters' in rule ? (rule.filters ?? []) : []).flatMap(({ requestMirror }) => requestMirror?.backendRef ?? []),
  ]);
}

function parentOf({ group, kind, namespace, name, sectionName }: ParentReference, own: string): ParentReference {
  const section = sectionName === undefined ? {} : { sectionName };
  return { group, kind, namespace: namespace ?? own, name, ...section };
}
