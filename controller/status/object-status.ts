import type {
  Backend,
  Gateway,
  GatewayClass,
  HTTPRoute,
  ParentReference,
  RouteGroupKind,
} from '#controller/api/gen/types.d.ts';
import type { Policy } from '../policies/targets.ts';
import type { Verdict } from '../resources/verdict.ts';

/** What is to be said of one object. Nobody writes into the object itself: status is output. */
export type ObjectStatus =
  | { readonly kind: 'conditions'; readonly object: GatewayClass | Backend; readonly verdicts: readonly Verdict[] }
  | {
      readonly kind: 'gateway';
      readonly object: Gateway;
      readonly verdicts: readonly Verdict[];
      readonly addresses: readonly string[];
      readonly listeners: readonly ListenerReport[];
    }
  | { readonly kind: 'route'; readonly object: HTTPRoute; readonly parents: readonly ParentReport[] }
  | { readonly kind: 'policy'; readonly object: Policy; readonly ancestors: readonly ParentReport[] };

/** What is said of a listener. */
export interface ListenerReport {
  readonly name: string;
  readonly supportedKinds: readonly RouteGroupKind[];
  readonly attachedRoutes: number;
  readonly verdicts: readonly Verdict[];
}

/** What is said of an object with regard to one it is attached to. */
export interface ParentReport {
  readonly ref: ParentReference;
  readonly verdicts: readonly Verdict[];
}
