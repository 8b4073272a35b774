/**
 * Types and reasons of status conditions, as Gateway API v1.6 and gateway.envoyproxy.io/v1alpha1 name them.
 *
 * Sources: Gateway API "GatewayClass/Gateway/Listener/Route conditions", GEP-1364 (conditions), GEP-713 (policies), GEP-1713 (ListenerSet).
 */

/** The reasons of each condition type of a GatewayClass. */
export type GatewayClassReasons = {
  readonly Accepted: 'Accepted' | 'InvalidParameters' | 'Pending' | 'Unsupported';
  readonly SupportedVersion: 'SupportedVersion' | 'UnsupportedVersion';
};

/** The reasons of each condition type of a Gateway. */
export type GatewayReasons = {
  readonly Accepted:
    | 'Accepted'
    | 'ListenersNotValid'
    | 'Invalid'
    | 'InvalidParameters'
    | 'UnsupportedAddress'
    | 'NotReconciled'
    | 'Pending';
  readonly Programmed: 'Programmed' | 'Invalid' | 'Pending' | 'NoResources' | 'AddressNotAssigned' | 'AddressNotUsable';
  readonly ResolvedRefs: 'ResolvedRefs' | 'InvalidClientCertificateRef' | 'RefNotPermitted';
  readonly InsecureFrontendValidationMode: 'ConfigurationChanged';
};

/** The reasons of each condition type of a listener. */
export type ListenerReasons = {
  readonly Accepted:
    | 'Accepted'
    | 'PortUnavailable'
    | 'UnsupportedProtocol'
    | 'UnsupportedValue'
    | 'Pending'
    | 'Invalid';
  readonly Programmed: 'Programmed' | 'Invalid' | 'Pending';
  readonly ResolvedRefs:
    | 'ResolvedRefs'
    | 'InvalidCertificateRef'
    | 'InvalidRouteKinds'
    | 'RefNotPermitted'
    | 'InvalidCACertificateRef'
    | 'InvalidCACertificateKind';
  readonly Conflicted: 'NoConflicts' | 'HostnameConflict' | 'ProtocolConflict' | 'ListenerConflict';
  readonly OverlappingTLSConfig: 'OverlappingHostnames' | 'OverlappingCertificates';
};

/** The reasons of each condition type of a ListenerSet. */
export type ListenerSetReasons = {
  readonly Accepted: 'Accepted' | 'NotAllowed' | 'ParentNotAccepted' | 'ListenersNotValid' | 'Invalid' | 'Pending';
  readonly Programmed: 'Programmed' | 'Invalid' | 'Pending';
};

/** The reasons of each condition type of a route, for one of its parents. */
export type RouteReasons = {
  readonly Accepted:
    | 'Accepted'
    | 'NotAllowedByListeners'
    | 'NoMatchingListenerHostname'
    | 'NoMatchingParent'
    | 'UnsupportedValue'
    | 'Pending'
    | 'IncompatibleFilters'
    | 'InvalidRule'
    | 'Invalid';
  readonly ResolvedRefs:
    | 'ResolvedRefs'
    | 'RefNotPermitted'
    | 'InvalidKind'
    | 'BackendNotFound'
    | 'UnsupportedProtocol'
    | 'InvalidFilter';
  readonly PartiallyInvalid: 'UnsupportedValue';
};

/** The reasons of each condition type of a policy, for one of its ancestors (GEP-713 and Envoy Gateway's own). */
export type PolicyReasons = {
  readonly Accepted:
    | 'Accepted'
    | 'Conflicted'
    | 'Invalid'
    | 'TargetNotFound'
    | 'Pending'
    | 'Disabled'
    | 'NoValidCACertificate';
  readonly Overridden: 'Overridden';
  readonly Merged: 'Merged';
  readonly ResolvedRefs:
    | 'ResolvedRefs'
    | 'RefNotPermitted'
    | 'BackendNotFound'
    | 'InvalidCACertificateRef'
    | 'InvalidKind';
  readonly Programmed: 'Programmed' | 'Invalid' | 'ResourceNotFound' | 'Disabled' | 'Pending';
  readonly Warning: 'DeprecatedField';
};

/** The reasons of each condition type of a Backend. */
export type BackendReasons = {
  readonly Accepted: 'Accepted' | 'Invalid' | 'Pending' | 'Disabled';
};

/** The reasons of each condition type, by what has the condition. */
export type ConditionReasons = {
  readonly GatewayClass: GatewayClassReasons;
  readonly Gateway: GatewayReasons;
  readonly Listener: ListenerReasons;
  readonly ListenerSet: ListenerSetReasons;
  readonly Route: RouteReasons;
  readonly Policy: PolicyReasons;
  readonly Backend: BackendReasons;
};

/** What can have conditions. */
export type ConditionSubject = keyof ConditionReasons;

/** The condition types of a subject. */
export type ConditionType<S extends ConditionSubject> = keyof ConditionReasons[S];

/** The reasons of a condition type of a subject. */
export type Reason<S extends ConditionSubject, T extends ConditionType<S> = ConditionType<S>> = ConditionReasons[S][T];
