import type { ParentReference } from '#controller/api/gen/types.d.ts';
import type { AttachedRoute } from './attach-routes.ts';
import type { GatewayState } from './gateways.ts';

/** That a route of a parent sends requests to a back-end. */
export interface BackendUse {
  /** The parent, as a policy names it among its ancestors. */
  readonly parent: ParentReference;
  readonly port: number | undefined;
}

type Uses = ReadonlyMap<string, readonly BackendUse[]>;

/** Knows which parents' routes send requests to which back-ends. Only what changed since is looked at. */
export class BackendUses {
  #pieces: ReadonlySet<readonly AttachedRoute[]> = new Set();
  /** By back-end, then by the piece that says so. */
  readonly #uses = new Map<string, Map<readonly AttachedRoute[], readonly BackendUse[]>>();

  /** Brings it up to date. */
  update(gateways: readonly GatewayState[]): void {
    const now = new Set(gateways.flatMap(({ routes }) => routes));
    for (const piece of this.#pieces.difference(now)) {
      for (const backend of usesOf(piece).keys()) {
        const uses = this.#uses.get(backend);
        uses?.delete(piece);
        if (uses?.size === 0) this.#uses.delete(backend);
      }
    }
    for (const piece of now.difference(this.#pieces)) {
      for (const [backend, uses] of usesOf(piece)) {
        const known = this.#uses.get(backend) ?? new Map<readonly AttachedRoute[], readonly BackendUse[]>();
        this.#uses.set(backend, known.set(piece, uses));
      }
    }
    this.#pieces = now;
  }

  /** Every use of a back-end. */
  of(kind: string, namespace: string, name: string): readonly BackendUse[] {
    return [...(this.#uses.get(`${kind}/${namespace}/${name}`)?.values() ?? [])].flat();
  }
}

const usesOfPieces = new WeakMap<readonly AttachedRoute[], Uses>();

function usesOf(piece: readonly AttachedRoute[]): Uses {
  const known = usesOfPieces.get(piece);
  if (known !== undefined) return known;
  const uses = new Map<string, BackendUse[]>();
  for (const { core, reports } of piece) {
    const { namespace } = core.route.metadata;
    for (const ref of backendsOf(core.route)) {
      const key = `${ref.kind}/${ref.namespace ?? namespace}/${ref.name}`;
      const own = reports.map((report) => ({ parent: parentOf(report.ref, namespace), port: ref.port }));
      uses.set(key, [...(uses.get(key) ?? []), ...own]);
    }
  }
  usesOfPieces.set(piece, uses);
  return uses;
}

type Route = AttachedRoute['core']['route'];

interface Named {
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
  readonly port?: number;
}

/** The back-ends that a route names, those of mirrors among them. */
function backendsOf({ spec }: Route): readonly Named[] {
  return (spec.rules ?? []).flatMap(({ backendRefs = [], ...rule }) => [
    ...backendRefs,
    ...('filters' in rule ? (rule.filters ?? []) : []).flatMap(({ requestMirror }) => requestMirror?.backendRef ?? []),
  ]);
}

function parentOf({ group, kind, namespace, name, sectionName }: ParentReference, own: string): ParentReference {
  const section = sectionName === undefined ? {} : { sectionName };
  return { group, kind, namespace: namespace ?? own, name, ...section };
}
