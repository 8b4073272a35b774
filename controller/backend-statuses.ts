import type { Backend } from './api/gen/types.d.ts';
import { backendTlsProblem } from './backends/backend-tls.ts';
import { backendProblem } from './backends/clusters.ts';
import { type AskingPolicy, BackendUses } from './gateway/backend-uses.ts';
import type { GatewayState } from './gateway/gateways.ts';
import { type Pieces, sameMembers } from './ir/pieces.ts';
import type { Resources } from './resources/resources.ts';
import { remembered } from './resources/tracked.ts';
import type { Settings } from './settings.ts';
import type { ObjectStatus } from './status/object-status.ts';

type BackendStatus = Extract<ObjectStatus, { readonly kind: 'conditions' }>;

/**
 * Makes what is to be said of Backends, whose conditions do not tell who says them. Beside another controller (a GatewayClass
 * names it) only of those that routes and policies of ours use: the others are its to judge, which may serve what is not
 * served here. Where Backends are turned off, of none.
 *
 * The statuses of policies that it takes are those that are to be said.
 */
export function rememberedBackendStatuses(
  settings: Settings,
): (
  gateways: readonly GatewayState[],
  policies: readonly ObjectStatus[],
  resources: Resources,
) => Pieces<ObjectStatus> {
  const statusOf = remembered((backend: Backend, resources) => backendStatus(backend, resources, settings));
  const statusesOf = remembered((piece: readonly Backend[], resources) =>
    piece.map((backend) => statusOf(backend, resources)),
  );
  const uses = new BackendUses();
  const oursOf = sameWhileEqual<AskingPolicy>();
  const usedOf = sameWhileEqual<BackendStatus>();
  return (gateways, policies, resources) => {
    if (!settings.backends) return [];
    const all = resources.pieces('Backend').map((piece) => statusesOf(piece, resources));
    if (
      all.length === 0 ||
      resources.list('GatewayClass').every(({ spec }) => spec.controllerName === settings.controllerName)
    )
      return all;
    const ours: ReadonlySet<object> = new Set(
      policies.flatMap((said) => (said.kind === 'policy' && said.ancestors.length > 0 ? [said.object] : [])),
    );
    const asking = [...resources.pieces('SecurityPolicy'), ...resources.pieces('EnvoyExtensionPolicy')];
    uses.update(
      gateways,
      asking.map((piece) => oursOf(piece, (policy) => ours.has(policy))),
    );
    const isUsed = ({ object: { metadata } }: BackendStatus): boolean =>
      uses.has('Backend', metadata.namespace, metadata.name);
    return all.map((piece) => usedOf(piece, isUsed));
  };
}

/** Filters pieces of a list; of a piece that is the same comes the same array as long as the same are left. */
function sameWhileEqual<T>(): (piece: readonly T[], isLeft: (member: T) => boolean) => readonly T[] {
  const last = new WeakMap<readonly T[], readonly T[]>();
  return (piece, isLeft) => {
    const before = last.get(piece);
    const left = piece.filter(isLeft);
    if (before !== undefined && sameMembers(before, left)) return before;
    last.set(piece, left);
    return left;
  };
}

function backendStatus(object: Backend, resources: Resources, settings: Settings): BackendStatus {
  const problem = backendProblem(object, settings)?.message ?? backendTlsProblem(object, resources);
  const verdict =
    problem === undefined
      ? ({ type: 'Accepted', status: 'True', reason: 'Accepted', message: 'The Backend can be used' } as const)
      : ({ type: 'Accepted', status: 'False', reason: 'Invalid', message: problem } as const);
  return { kind: 'conditions', object, verdicts: [verdict] };
}
