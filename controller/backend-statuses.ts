import type { Backend } from './api/gen/types.d.ts';
import { backendTlsProblem } from './backends/backend-tls.ts';
import { backendProblem } from './backends/clusters.ts';
import { BackendUses } from './gateway/backend-uses.ts';
import type { GatewayState } from './gateway/gateways.ts';
import type { Pieces } from './ir/pieces.ts';
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
      asking.map((piece) => piece.filter((policy) => ours.has(policy))),
    );
    const isUsed = ({ object: { metadata } }: BackendStatus): boolean =>
      uses.of('Backend', metadata.namespace, metadata.name).length > 0;
    return all.map((piece) => piece.filter(isUsed));
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
