import type { Gateway, Listener, ListenerSet, RouteGroupKind } from '#controller/api/gen/types.d.ts';
import type { ClientValidationIr } from '../ir/client-validation.ts';
import type { CertificateIr, SecretIr } from '../ir/secret.ts';
import { sameMembers } from '../ir/pieces.ts';
import type { GatewayPlace } from '../policies/policy-index.ts';
import { isClosed } from '../resources/closed-object.ts';
import type { Resources } from '../resources/resources.ts';
import { rememberedIn } from '../resources/tracked.ts';
import type { Refusal, Verdict } from '../resources/verdict.ts';
import { trustSecret } from '../tls/trust.ts';
import { type ListenerCertificates, listenerCertificates } from './certificates.ts';
import { type Claim, type Claimant, type Conflict, conflictsOf } from './conflicts.ts';
import { clientValidation, gatewayTls } from './gateway-tls.ts';
import { setRefusal } from './listener-sets.ts';
import { isProtocol, PROTOCOLS, routeKinds, terminatesTls } from './route-kinds.ts';

/** What a listener is written in. */
export type ListenerOwner = Gateway | ListenerSet;

/** A listener of a Gateway, its own or one of a ListenerSet, and what is said of it. The same object while that is the same. */
export interface ListenerState extends CheckedListener {
  /** Why others have what it claims, or `undefined`. */
  readonly conflict: Conflict | undefined;
  /** Whether it is served. */
  readonly usable: boolean;
  readonly verdicts: readonly Verdict[];
}

/** A listener by itself, before others that claim the same are looked at. */
interface CheckedListener extends Claim {
  /** In xDS: "<namespace>/<gateway>/<listener>", a contract, or "<namespace>/<gateway>/<namespace>/<set>/<listener>". */
  readonly name: string;
  readonly gateway: Gateway;
  readonly owner: ListenerOwner;
  readonly spec: Listener;
  readonly supportedKinds: readonly RouteGroupKind[];
  /** Of a listener that terminates TLS; none of one that does not. */
  readonly certificates: readonly CertificateIr[];
  /** What clients have to show; `undefined` where they are not asked. */
  readonly clients: ClientValidationIr | undefined;
  /** What back-ends are shown that are spoken to by TLS. */
  readonly shown: CertificateIr | undefined;
  /** All that the proxy needs for this, once. */
  readonly secrets: readonly SecretIr[];
  /** Why it is not accepted, and which of its references leads nowhere. */
  readonly refused: Refusal | undefined;
  readonly unresolved: Refusal | undefined;
}

/** What else has a say in the listeners of a Gateway; the same object as long as it says the same. */
export interface ListenerSurroundings {
  /** The listeners of older Gateways that the same proxy serves: they hold what they claim. */
  readonly earlier: readonly Claimant[];
  /** The ListenerSets that name the Gateway, older ones first. */
  readonly sets: readonly ListenerSet[];
}

/** A ListenerSet that names a Gateway. */
export interface SetState {
  readonly set: ListenerSet;
  /** Why the Gateway does not take its listeners, or `undefined`. */
  readonly refused: Refusal | undefined;
  readonly listeners: readonly ListenerState[];
}

/** The listeners of a Gateway or ListenerSet; the same object as long as none of them changes. */
export interface OwnedListeners {
  /** `ownerKey` of what they are written in. */
  readonly owner: string;
  readonly listeners: readonly ListenerState[];
}

/** A Gateway with its listeners; the same object as long as neither changes. */
export interface GatewayListeners {
  readonly gateway: Gateway;
  /** Its own in its order, then those of its ListenerSets. */
  readonly listeners: readonly ListenerState[];
  readonly sets: readonly SetState[];
  /** Its own listeners, and those of each of its sets, by `ownerKey`. */
  readonly byOwner: ReadonlyMap<string, OwnedListeners>;
  readonly claimants: readonly Claimant[];
}

/** A listener as policies name it. */
export function gatewayPlace({ gateway: { metadata }, owner, spec }: ListenerState): GatewayPlace {
  const place = { namespace: metadata.namespace, name: metadata.name, listener: spec.name };
  if (owner.kind === 'Gateway') return place;
  return { ...place, set: { namespace: owner.metadata.namespace, name: owner.metadata.name } };
}

/** What a Gateway or ListenerSet is called among owners of listeners. */
export function ownerKey(kind: string, namespace: string, name: string): string {
  return `${kind}/${namespace}/${name}`;
}

/** The listeners of a Gateway and of its ListenerSets (Gateway API, "Listeners", `ListenerSetSpec.listeners`). */
export const gatewayListeners: (
  gateway: Gateway,
  surroundings: ListenerSurroundings,
  resources: Resources,
) => GatewayListeners = rememberedIn((gateway: Gateway, { earlier, sets }: ListenerSurroundings, resources) => {
  const own = checkedListeners(gateway, gateway, resources);
  const ofSets = sets.map((set) => {
    const refused = setRefusal(set, gateway, resources);
    return { set, refused, checked: refused === undefined ? checkedListeners(set, gateway, resources) : [] };
  });
  const claimants: readonly Claimant<CheckedListener>[] = [
    { kind: 'Gateway', claims: contenders(own) },
    ...ofSets.map(({ checked }) => ({ kind: 'ListenerSet', claims: contenders(checked) }) as const),
  ];
  const conflicts = conflictsOf([...earlier, ...claimants]);
  const stateOf = (listener: CheckedListener): ListenerState => listenerState(listener, conflicts.get(listener));
  const ownStates = owned(gateway, gateway, own.map(stateOf));
  const setStates = ofSets.map(({ set, refused, checked }) => setState(set, gateway, refused, checked.map(stateOf)));
  const sound = setStates.filter(({ set }) => !isClosed(set));
  const all = [ownStates, ...sound.map(({ set, listeners }) => owned(set, gateway, listeners))];
  // Nothing is said of a set that the schema refuses, and nothing attaches to it; its hosts are nobody's.
  const closed = setStates.filter(({ set }) => isClosed(set)).flatMap(({ listeners }) => listeners);
  return {
    gateway,
    claimants,
    sets: sound,
    listeners: [...all.flatMap(({ listeners }) => listeners), ...closed],
    byOwner: new Map(all.map((one) => [one.owner, one])),
  };
});

const lastOwned = new WeakMap<ListenerOwner, { readonly gateway: Gateway; readonly owned: OwnedListeners }>();

function owned(by: ListenerOwner, gateway: Gateway, listeners: readonly ListenerState[]): OwnedListeners {
  const last = lastOwned.get(by);
  if (last?.gateway === gateway && sameMembers(last.owned.listeners, listeners)) return last.owned;
  const made = { owner: ownerKey(by.kind, by.metadata.namespace, by.metadata.name), listeners };
  lastOwned.set(by, { gateway, owned: made });
  return made;
}

const lastSets = new WeakMap<ListenerSet, { readonly gateway: Gateway; readonly state: SetState }>();

/** The same object as long as it says the same. */
function setState(
  set: ListenerSet,
  gateway: Gateway,
  refused: Refusal | undefined,
  listeners: readonly ListenerState[],
): SetState {
  const last = lastSets.get(set);
  const isSame =
    last?.gateway === gateway && last.state.refused === refused && sameMembers(last.state.listeners, listeners);
  if (isSame) return last.state;
  const state = { set, refused, listeners };
  lastSets.set(set, { gateway, state });
  return state;
}

const checkedListeners: (owner: ListenerOwner, gateway: Gateway, resources: Resources) => readonly CheckedListener[] =
  rememberedIn((owner: ListenerOwner, gateway: Gateway, resources) =>
    owner.spec.listeners.map((spec) => checkedListener(owner, gateway, spec, resources)),
  );

function checkedListener(
  owner: ListenerOwner,
  gateway: Gateway,
  spec: Listener,
  resources: Resources,
): CheckedListener {
  const { kinds: supportedKinds, problem } = routeKinds(spec);
  const refused = unsupported(owner, spec);
  const wantsTls = terminatesTls(spec) && refused === undefined;
  const { certificates, missing } = wantsTls ? listenerCertificates(owner, spec, resources) : NO_CERTIFICATES;
  const clients = wantsTls ? clientValidation(gateway, spec.port, resources) : undefined;
  const unknown = clients?.ok === false ? clients.refusal : undefined;
  const material = {
    certificates,
    clients: clients?.ok === true ? clients.value : undefined,
    shown: gatewayTls(gateway, resources).clientCertificate,
  };
  return {
    name: listenerName(gateway, owner, spec),
    gateway,
    owner,
    spec,
    supportedKinds,
    ...material,
    secrets: secretsOf(material, resources),
    refused: refused ?? noAuthority(clients),
    unresolved: missing ?? unknown ?? problem,
    valid:
      refused === undefined &&
      (!wantsTls || certificates.length > 0) &&
      unknown === undefined &&
      supportedKinds.length > 0,
  };
}

const NO_CERTIFICATES: ListenerCertificates = { certificates: [], missing: undefined };

const lastStates = new WeakMap<
  CheckedListener,
  { readonly conflict: string | undefined; readonly state: ListenerState }
>();

function listenerState(listener: CheckedListener, conflict: Conflict | undefined): ListenerState {
  const known = lastStates.get(listener);
  if (known !== undefined && known.conflict === conflict?.message) return known.state;
  const { refused, unresolved, owner, valid } = listener;
  const state: ListenerState = {
    ...listener,
    conflict,
    usable: valid && conflict === undefined,
    verdicts: [
      ...conflictVerdicts(owner, conflict, valid && unresolved === undefined),
      verdict('Accepted', refused ?? conflict, 'The listener is served'),
      verdict('ResolvedRefs', unresolved, 'Every reference of the listener leads somewhere'),
    ],
  };
  lastStates.set(listener, { conflict: conflict?.message, state });
  return state;
}

/** Those that contend for ports and host names: what only an edit of the listener itself lets be served does not. */
function contenders(listeners: readonly CheckedListener[]): readonly CheckedListener[] {
  return listeners.filter(({ owner, spec }) => unsupported(owner, spec) === undefined);
}

function secretsOf(
  { certificates, clients, shown }: Pick<ListenerState, 'certificates' | 'clients' | 'shown'>,
  resources: Resources,
): readonly SecretIr[] {
  const trust = clients?.trust === undefined ? undefined : trustSecret(clients.trust, resources);
  return [...certificates, ...(shown === undefined ? [] : [shown]), ...(trust === undefined ? [] : [trust])];
}

/** Gateway API, ListenerReasonNoValidCACertificate. */
function noAuthority(clients: ReturnType<typeof clientValidation> | undefined): Refusal | undefined {
  return clients?.ok === false ? { reason: 'NoValidCACertificate', message: clients.refusal.message } : undefined;
}

function listenerName({ metadata }: Gateway, owner: ListenerOwner, { name }: Listener): string {
  const gateway = `${metadata.namespace}/${metadata.name}`;
  if (owner.kind === 'Gateway') return `${gateway}/${name}`;
  return `${gateway}/${owner.metadata.namespace}/${owner.metadata.name}/${name}`;
}

/** Of a ListenerSet's listeners with which nothing is wrong it is told that they conflict with none, too (Envoy Gateway 1.9). */
function conflictVerdicts(owner: ListenerOwner, conflict: Conflict | undefined, isWell: boolean): readonly Verdict[] {
  if (conflict !== undefined) return [{ type: 'Conflicted', status: 'True', ...conflict }];
  if (owner.kind === 'Gateway' || !isWell) return [];
  const message = 'No other listener claims the same port and host name';
  return [{ type: 'Conflicted', status: 'False', reason: 'NoConflicts', message }];
}

function unsupported(owner: ListenerOwner, listener: Listener): Refusal | undefined {
  const { kind, metadata } = owner;
  const { name, protocol, tls, allowedRoutes } = listener;
  const at = `${kind} ${metadata.namespace}/${metadata.name}: listener ${name}`;
  if (isClosed(owner)) return { reason: 'Invalid', message: `${at}: the ${kind} is refused` };
  if (!isProtocol(protocol)) {
    const message = `${at}: protocol: found ${protocol}, accepted are ${PROTOCOLS.join(', ')}`;
    return { reason: 'UnsupportedProtocol', message };
  }
  if (protocol === 'HTTPS' && tls?.mode === 'Passthrough') {
    const message = `${at}: tls.mode: found Passthrough, accepted for protocol HTTPS is Terminate`;
    return { reason: 'UnsupportedValue', message };
  }
  if (terminatesTls(listener) && (tls?.certificateRefs ?? []).length === 0) {
    return { reason: 'UnsupportedValue', message: `${at}: tls.certificateRefs: found none, TLS needs a certificate` };
  }
  if (allowedRoutes?.namespaces?.from === 'Selector' && allowedRoutes.namespaces.selector === undefined) {
    const message = `${at}: allowedRoutes.namespaces.selector: found none, from: Selector needs one`;
    return { reason: 'UnsupportedValue', message };
  }
  return undefined;
}

function verdict(type: 'Accepted' | 'ResolvedRefs', refused: Refusal | undefined, message: string): Verdict {
  if (refused !== undefined) return { type, status: 'False', ...refused };
  return { type, status: 'True', reason: type, message };
}
