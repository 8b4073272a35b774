import type { AssignmentIr, ClusterIr } from '../ir/cluster.ts';
import { once } from '../ir/once.ts';
import type { Pieces } from '../ir/pieces.ts';
import type { Verdict } from '../resources/verdict.ts';
import type { ObjectStatus, ParentReport, RouteObject } from '../status/object-status.ts';
import { backendsOf } from './backend-uses.ts';

/** What a proxy knows of back-ends. */
interface Backends {
  readonly clusters: Pieces<ClusterIr>;
  readonly endpoints: Pieces<AssignmentIr>;
}

/** Services and ServiceImports, "<kind>/<namespace>/<name>/<port>". */
type BackendKeys = ReadonlySet<string>;

type RouteStatus = Extract<ObjectStatus, { readonly kind: 'route' }>;

/**
 * Makes the pass that tells routes of the back-ends of theirs that have no endpoint, whose share is answered with 503
 * (condition `BackendsAvailable` of Envoy Gateway 1.9: there as long as it is false, and never beside a parent that does not
 * accept the route). Endpoints are those that proxies have: no route is looked at again because an endpoint comes or goes,
 * and nothing is where no Service is empty. The same objects as long as they say the same.
 */
export function createAvailability(): (
  statuses: Pieces<ObjectStatus>,
  proxies: Iterable<Backends>,
) => Pieces<ObjectStatus> {
  const made = new WeakMap<ObjectStatus, { readonly message: string; readonly told: RouteStatus }>();
  const pieces = new WeakMap<
    readonly ObjectStatus[],
    { readonly without: string; readonly told: readonly ObjectStatus[] }
  >();
  const tell = (status: RouteStatus, message: string): RouteStatus => {
    const known = made.get(status);
    if (known?.message === message) return known.told;
    const told = { ...status, parents: status.parents.map((parent) => withVerdict(parent, message)) };
    made.set(status, { message, told });
    return told;
  };
  return (statuses, proxies) => {
    const empty: BackendKeys = new Set([...proxies].flatMap(emptyBackends));
    if (empty.size === 0) return statuses;
    return statuses.map((piece) => {
      const concerned = usedIn(piece).filter((backend) => empty.has(backend));
      if (concerned.length === 0) return piece;
      const [known, without] = [pieces.get(piece), concerned.join(' ')];
      if (known?.without === without) return known.told;
      const told = piece.map((status) => {
        const own = status.kind === 'route' ? usedBy(status.object).filter((backend) => empty.has(backend)) : [];
        return status.kind !== 'route' || own.length === 0 ? status : tell(status, messageOf(own));
      });
      pieces.set(piece, { without, told });
      return told;
    });
  };
}

function messageOf(backends: readonly string[]): string {
  const names = [...new Set(backends)].map((backend) => {
    const [kind, namespace, name, port] = backend.split('/');
    return `port ${port} of ${kind} ${namespace}/${name}`;
  });
  return `No endpoint is ready at ${names.join(', ')}: its share of the traffic is refused`;
}

function withVerdict({ ref, verdicts }: ParentReport, message: string): ParentReport {
  const isAccepted = verdicts.some(({ type, status }) => type === 'Accepted' && status === 'True');
  if (!isAccepted) return { ref, verdicts };
  const verdict: Verdict = { type: 'BackendsAvailable', status: 'False', reason: 'EndpointsNotFound', message };
  return { ref, verdicts: [...verdicts, verdict] };
}

/** Each back-end that routes of a piece use. */
const usedIn = once((piece: readonly ObjectStatus[]): readonly string[] => [
  ...new Set(piece.flatMap((status) => (status.kind === 'route' ? usedBy(status.object) : []))),
]);

function usedBy(route: RouteObject | { readonly metadata: { readonly namespace: string } }): readonly string[] {
  if (!('spec' in route)) return [];
  return backendsOf(route).map(
    ({ kind, namespace = route.metadata.namespace, name, port }) => `${kind}/${namespace}/${name}/${port}`,
  );
}

const emptyInPieces = new WeakMap<readonly AssignmentIr[], readonly string[]>();

function emptyBackends({ clusters, endpoints }: Backends): readonly string[] {
  return endpoints.flatMap((piece, index) => {
    const known = emptyInPieces.get(piece);
    if (known !== undefined) return known;
    const byName = new Map(piece.map((assignment) => [assignment.cluster, assignment]));
    // Assignments are made of clusters piece by piece.
    const empty = (clusters[index] ?? []).flatMap((cluster) => emptyOf(cluster, byName.get(cluster.name)));
    emptyInPieces.set(piece, empty);
    return empty;
  });
}

/** What of a cluster has no endpoint; host names and addresses that a Backend names are taken to be there. */
function emptyOf({ source }: ClusterIr, assignment: AssignmentIr | undefined): readonly string[] {
  if (assignment === undefined) return [];
  switch (source.kind) {
    case 'service':
    case 'service-import': {
      const kind = source.kind === 'service' ? 'Service' : 'ServiceImport';
      const key = `${kind}/${source.namespace}/${source.name}/${source.port}`;
      return assignment.addresses.length === 0 ? [key] : [];
    }
    case 'several':
      return source.parts.flatMap(({ cluster }, index) => {
        const share = assignment.shares?.[index];
        return emptyOf(
          cluster,
          share === undefined ? undefined : { cluster: cluster.name, addresses: share.addresses },
        );
      });
    case 'addresses':
    case 'dns':
      return [];
    default:
      return source satisfies never;
  }
}

/** Whether a Service that had endpoints has none now, or the other way round: what is said of its routes changes. */
export function changesAvailability(before: AssignmentIr, now: AssignmentIr): boolean {
  if ((before.addresses.length === 0) !== (now.addresses.length === 0)) return true;
  return (now.shares ?? []).some(
    ({ addresses }, index) => (addresses.length === 0) !== (before.shares?.[index]?.addresses.length === 0),
  );
}
