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

/** Of an object all that its status is told by: one that cannot be read has no more. */
export type Subject<R extends { readonly apiVersion: string; readonly kind: string; readonly metadata: object }> = {
  readonly apiVersion: string;
  readonly kind: R['kind'];
  readonly metadata: R['metadata'];
};

/** What is to be said of one object. Nobody writes into the object itself: status is output. */
export type ObjectStatus =
  | {
      readonly kind: 'class';
      readonly object: Subject<GatewayClass>;
      readonly verdicts: readonly Verdict[];
      /** Sorted. */
      readonly supportedFeatures: readonly string[];
    }
  | {
      readonly kind: 'conditions';
      readonly object: Subject<Backend>;
      readonly verdicts: readonly Verdict[];
    }
  | {
      readonly kind: 'gateway';
      readonly object: Subject<Gateway>;
      readonly verdicts: readonly Verdict[];
      /** Key of the proxy that serves it. */
      readonly proxy: string;
      readonly addresses: readonly GatewayStatusAddress[];
      readonly listeners: readonly ListenerReport[];
      /** How many ListenerSets it has taken listeners from. */
      readonly attachedListenerSets: number;
    }
  | {
      readonly kind: 'listener-set';
      readonly object: Subject<ListenerSet>;
      readonly verdicts: readonly Verdict[];
      readonly listeners: readonly ListenerReport[];
      /** The proxy of its Gateway. */
      readonly proxy: string;
    }
  | { readonly kind: 'route'; readonly object: Subject<RouteObject>; readonly parents: readonly ParentReport[] }
  | { readonly kind: 'policy'; readonly object: Subject<PolicyObject>; readonly ancestors: readonly ParentReport[] };

/** What is said of a listener. */
export interface ListenerReport {
  readonly name: string;
  /** What it is called in xDS: "<namespace>/<gateway>/<listener>"... */
  readonly xdsName: string;
  /** Where it listens, as it is written. */
  readonly port: number;
  readonly transport: 'TCP' | 'UDP';
  readonly supportedKinds: readonly RouteGroupKind[];
  readonly attachedRoutes: number;
  readonly verdicts: readonly Verdict[];
}

/** What is said of an object with regard to one it is attached to. */
export interface ParentReport {
  readonly ref: ParentReference;
  readonly verdicts: readonly Verdict[];
}
