import type { Json } from '#controller/api/gen/types.d.ts';
import type { Verdict } from '../resources/verdict.ts';
import type { ListenerReport, ObjectStatus, ParentReport } from './object-status.ts';

/** An object as Kubernetes would show it, without its spec. */
export type RenderedStatus = { readonly [field: string]: Json };

/** When and by whom a status is said. */
export interface Occasion {
  /** RFC 3339, UTC. */
  readonly time: string;
  readonly controllerName: string;
}

/** A time as Kubernetes writes it: RFC 3339 in UTC, whole seconds (`metav1.Time`). */
export function kubernetesTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/u, 'Z');
}

/** The object and its status, as Kubernetes would show them (apiVersion, kind, metadata, status). */
export function renderStatus(status: ObjectStatus, occasion: Occasion): RenderedStatus {
  const { apiVersion, kind, metadata } = status.object;
  const { name, generation, ...rest } = metadata;
  const namespace = 'namespace' in rest ? { namespace: rest.namespace } : {};
  return {
    apiVersion,
    kind,
    metadata: { name, ...namespace, generation },
    status: statusOf(status, generation, occasion),
  };
}

function statusOf(status: ObjectStatus, generation: number, occasion: Occasion): RenderedStatus {
  const conditions = (verdicts: readonly Verdict[]) =>
    verdicts.map((verdict) => condition(verdict, generation, occasion));
  const listener = ({ name, supportedKinds, attachedRoutes, verdicts }: ListenerReport) => ({
    name,
    supportedKinds: supportedKinds.map((supported) => ({ ...supported })),
    attachedRoutes,
    conditions: conditions(verdicts),
  });
  const parent = ({ ref, verdicts }: ParentReport) => ({
    controllerName: occasion.controllerName,
    conditions: conditions(verdicts),
    ref: { ...ref },
  });
  switch (status.kind) {
    case 'conditions':
      return { conditions: conditions(status.verdicts) };
    case 'class':
      return {
        conditions: conditions(status.verdicts),
        supportedFeatures: status.supportedFeatures.map((name) => ({ name })),
      };
    case 'gateway':
      return {
        addresses: status.addresses.map((address) => ({ ...address })),
        conditions: conditions(status.verdicts),
        listeners: status.listeners.map(listener),
        ...(status.attachedListenerSets === 0 ? {} : { attachedListenerSets: status.attachedListenerSets }),
      };
    case 'listener-set':
      return {
        conditions: conditions(status.verdicts),
        ...(status.listeners.length === 0 ? {} : { listeners: status.listeners.map(listener) }),
      };
    case 'route':
      return {
        parents: status.parents.map(parent).map(({ ref, ...rest }) => ({ parentRef: ref, ...rest })),
      };
    case 'policy':
      return {
        ancestors: status.ancestors.map(parent).map(({ ref, ...rest }) => ({ ancestorRef: ref, ...rest })),
      };
    default:
      return status satisfies never;
  }
}

function condition(verdict: Verdict, observedGeneration: number, { time }: Occasion): RenderedStatus {
  const { type, status, reason, message } = verdict;
  return { type, status, reason, message, observedGeneration, lastTransitionTime: time };
}
