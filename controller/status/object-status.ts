import type {
  Backend,
  Gateway,
  GatewayClass,
  GatewayStatusAddress,
  ListenerSet,
  ParentReference,
  ResourceOf,
  RouteGroupKind,
} from '#controller/api/gen/types.d.ts';
import type { Verdict } from '../resources/verdict.ts';

/** A route of any kind. */
export type RouteObject = ResourceOf<'HTTPRoute' | 'GRPCRoute' | 'TLSRoute' | 'TCPRoute' | 'UDPRoute'>;

/** A policy of any kind, or what is told of its users as policies are. */
export type PolicyObject = ResourceOf<
  | 'SecurityPolicy'
  | 'EnvoyExtensionPolicy'
  | 'BackendTLSPolicy'
  | 'ClientTrafficPolicy'
  | 'BackendTrafficPolicy'
  | 'EnvoyPatchPolicy'
  | 'EnvoyProxy'
>;

/** What is to be said of one object. Nobody writes into the object itself: status is output. */
export type ObjectStatus =
  | {
      readonly kind: 'class';
      readonly object: GatewayClass;
      readonly verdicts: readonly Verdict[];
      /** Sorted. */
      readonly supportedFeatures: readonly string[];
    }
  | {
      readonly kind: 'conditions';
      readonly object: Backend | ListenerSet;
      readonly verdicts: readonly Verdict[];
    }
  | {
      readonly kind: 'gateway';
      readonly object: Gateway;
      readonly verdicts: readonly Verdict[];
      readonly addresses: readonly GatewayStatusAddress[];
      readonly listeners: readonly ListenerReport[];
    }
  | { readonly kind: 'route'; readonly object: RouteObject; readonly parents: readonly ParentReport[] }
  | { readonly kind: 'policy'; readonly object: PolicyObject; readonly ancestors: readonly ParentReport[] };

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
