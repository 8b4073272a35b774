import type { Gateway, GatewayStatusAddress } from '#controller/api/gen/types.d.ts';
import type { Refusal, Verdict } from '../resources/verdict.ts';
import type { ListenerReport, ObjectStatus } from '../status/object-status.ts';
import { once } from '../ir/once.ts';
import type { Pieces } from '../ir/pieces.ts';
import { attachedRoutes } from './attached-routes.ts';
import { requestedHostnames, requestedIps } from './addresses.ts';
import type { AttachedRoute } from './attach-routes.ts';
import type { GatewayState } from './gateways.ts';
import type { ListenerState, SetState } from './listeners.ts';
import { transportOf } from './socket-groups.ts';
import type { AnyRoute } from './route-core.ts';

/** What is said of a Gateway. */
export type GatewayStatus = Extract<ObjectStatus, { readonly kind: 'gateway' }> & { readonly object: Gateway };

/** What is said of a ListenerSet. */
type SetStatus = Extract<ObjectStatus, { readonly kind: 'listener-set' }>;

/** What is to be said of a Gateway and its own listeners once its proxy has taken everything. */
export function gatewayStatus(state: GatewayState, bindAddress: string): GatewayStatus {
  const { gateway, proxy, refused, sets, tls } = state;
  const listeners = ownListeners(state);
  const reports = reportsOf(listeners, state);
  const invalid = listeners.filter((listener) => !isAccepted(listener)).map(({ spec }) => spec.name);
  const served = state.listeners.some(({ usable }) => usable && refused === undefined);
  const unusable = requestedHostnames(gateway);
  return {
    kind: 'gateway',
    object: gateway,
    proxy,
    verdicts: [
      acceptance(refused, invalid, state.listeners.some(isAccepted)),
      ...tls,
      served && unusable.length > 0
        ? addressNotUsable(unusable)
        : programmed(served, 'The proxy serves the Gateway', 'Invalid', 'the Gateway and its listeners'),
    ],
    addresses: served ? addressesOf(gateway, bindAddress) : [],
    listeners: reports,
    attachedListenerSets: refused === undefined ? attachedSets(sets) : 0,
  };
}

const ownOf = new WeakMap<GatewayState['listeners'], readonly ListenerState[]>();

/** The listeners of the Gateway itself; the lists with those of its ListenerSets are of one Gateway each. */
function ownListeners({ gateway, listeners }: GatewayState): readonly ListenerState[] {
  const known = ownOf.get(listeners) ?? listeners.filter(({ owner }) => owner === gateway);
  ownOf.set(listeners, known);
  return known;
}

const attachedSets = once((sets: readonly SetState[]): number => sets.filter(isAttached).length);

/** Whether a set has at least one listener that is accepted. */
function isAttached({ listeners }: SetState): boolean {
  return listeners.some(isAccepted);
}

/** A listener whose certificate is missing is accepted, and waits for it; one whose other references lead nowhere is not. */
function isAccepted({ verdicts, supportedKinds }: Pick<ListenerState, 'verdicts' | 'supportedKinds'>): boolean {
  return verdicts.every(({ type, status, reason }) => {
    if (type === 'Accepted') return status === 'True';
    if (type !== 'ResolvedRefs' || status === 'True') return true;
    return WAITING.has(reason) || (reason === 'InvalidRouteKinds' && supportedKinds.length > 0);
  });
}

const WAITING: ReadonlySet<string> = new Set(['InvalidCertificateRef', 'PartiallyInvalidCertificateRef']);

/** What is to be said of the ListenerSets that name a Gateway. */
export function listenerSetStatuses(state: GatewayState): readonly ObjectStatus[] {
  return state.sets.map((set) => setStatus(set, state));
}

interface SetMemory {
  readonly gateway: Pick<GatewayState, 'gateway' | 'proxy' | 'refused'>;
  readonly attached: readonly number[];
  readonly overlaps: readonly (string | undefined)[];
  readonly status: SetStatus;
}

const setMemories = new WeakMap<SetState, SetMemory>();

/** The same object as long as it says the same. */
function setStatus(set: SetState, state: GatewayState): SetStatus {
  const known = setMemories.get(set);
  const counts = attachedRoutes(state);
  const attached = set.listeners.map(({ name }) => counts.get(name) ?? 0);
  const overlaps = set.listeners.map((listener) => state.overlaps.get(listener)?.message);
  const isSame =
    known?.gateway.gateway === state.gateway &&
    known.gateway.proxy === state.proxy &&
    known.gateway.refused === state.refused &&
    attached.every((count, index) => count === known.attached[index]) &&
    overlaps.every((message, index) => message === known.overlaps[index]);
  if (isSame) return known.status;
  const status = setStatusAnew(set, state);
  const { gateway, proxy, refused } = state;
  setMemories.set(set, { gateway: { gateway, proxy, refused }, attached, overlaps, status });
  return status;
}

function setStatusAnew({ set, refused, listeners }: SetState, state: GatewayState): SetStatus {
  const common = { kind: 'listener-set', object: set, proxy: state.proxy } as const;
  const parent = `Gateway ${state.gateway.metadata.namespace}/${state.gateway.metadata.name}`;
  const not: Refusal | undefined =
    state.refused === undefined
      ? refused
      : { reason: 'ParentNotAccepted', message: `${parent} is not accepted: ${state.refused.message}` };
  if (not !== undefined) {
    const verdicts = (['Accepted', 'Programmed'] as const).map((type) => ({ type, status: 'False', ...not }) as const);
    return { ...common, verdicts, listeners: [] };
  }
  const reports = reportsOf(listeners, state);
  return { ...common, verdicts: setVerdicts(reports), listeners: reports };
}

/** What a ListenerSet comes to by what its listeners do (Gateway API, `ListenerSetStatus.conditions`). */
export function setVerdicts(reports: readonly ListenerReport[]): readonly Verdict[] {
  const refused = reports.filter((report) => !isAccepted(report)).map(({ name }) => name);
  const idle = reports.filter((report) => !isProgrammed(report)).map(({ name }) => name);
  return [
    {
      type: 'Accepted',
      status: refused.length < reports.length ? 'True' : 'False',
      ...(refused.length === 0
        ? { reason: 'Accepted', message: 'Every listener is accepted' }
        : { reason: 'ListenersNotValid', message: `Listeners that are not accepted: ${refused.join(', ')}` }),
    },
    {
      type: 'Programmed',
      status: idle.length < reports.length ? 'True' : 'False',
      reason: idle.length < reports.length ? 'Programmed' : 'ListenersNotValid',
      message:
        idle.length === 0 ? 'The proxy serves every listener' : `Listeners that are not served: ${idle.join(', ')}`,
    },
  ];
}

function isProgrammed({ verdicts }: ListenerReport): boolean {
  return verdicts.some(({ type, status }) => type === 'Programmed' && status === 'True');
}

function reportsOf(listeners: readonly ListenerState[], state: GatewayState): readonly ListenerReport[] {
  const { refused, overlaps } = state;
  const counts = attachedRoutes(state);
  return listeners.map((listener): ListenerReport => {
    const { name, spec, supportedKinds, usable, conflict } = listener;
    const isServed = usable && refused === undefined;
    // As Envoy Gateway 1.9 tells it of either.
    const reason = listener.owner.kind === 'Gateway' ? 'Invalid' : (conflict?.reason ?? 'ListenersNotValid');
    const overlap = overlaps.get(listener);
    return {
      name: spec.name,
      xdsName: name,
      port: spec.port,
      transport: transportOf(spec),
      supportedKinds,
      attachedRoutes: counts.get(name) ?? 0,
      verdicts: [
        ...listener.verdicts,
        programmed(isServed, 'The proxy serves the listener', reason, 'the listener'),
        ...(overlap === undefined ? [] : [overlap]),
      ],
    };
  });
}

/** The addresses that a Gateway is reached under where its proxy binds them itself. */
function addressesOf(gateway: Gateway, bindAddress: string): readonly GatewayStatusAddress[] {
  const [first] = requestedIps(gateway);
  return [{ type: 'IPAddress', value: first ?? bindAddress }];
}

/** Gateway API, `GatewayReasonAddressNotUsable`: the Gateway is served, but not under everything that it asks for. */
function addressNotUsable(hostnames: readonly string[]): Verdict {
  const message = `spec.addresses: found Hostname ${hostnames.join(', ')}, which nobody can make lead to the proxy; accepted is IPAddress`;
  return { type: 'Programmed', status: 'False', reason: 'AddressNotUsable', message };
}

function acceptance(refused: GatewayState['refused'], invalid: readonly string[], isAny: boolean): Verdict {
  if (refused !== undefined) return { type: 'Accepted', status: 'False', ...refused };
  if (invalid.length === 0) {
    return { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'The Gateway is served' };
  }
  const message = `Listeners that are not accepted: ${invalid.join(', ')}`;
  return { type: 'Accepted', status: isAny ? 'True' : 'False', reason: 'ListenersNotValid', message };
}

function programmed(served: boolean, message: string, reason: string, subject: string): Verdict {
  if (served) return { type: 'Programmed', status: 'True', reason: 'Programmed', message };
  return { type: 'Programmed', status: 'False', reason, message: `See the other conditions of ${subject}` };
}

/** What is to be said of routes, each with all its parents together, in pieces. */
export function routeStatuses(gateways: readonly GatewayState[]): Pieces<ObjectStatus> {
  const pieces = gateways.flatMap(({ routes }) => routes);
  const shared = new Map<AnyRoute, AttachedRoute[]>();
  for (const attached of pieces.flatMap(sharedOf)) {
    const { route } = attached.core;
    const known = shared.get(route);
    if (known === undefined) shared.set(route, [attached]);
    else known.push(attached);
  }
  return pieces.map((piece) => {
    if (sharedOf(piece).length === 0) return statusesOf(piece);
    return piece.flatMap((attached) => {
      const all = shared.get(attached.core.route) ?? [attached];
      // It is told with the first of its Gateways.
      return all[0] === attached ? statusOf(all) : [];
    });
  });
}

/** Those of the routes that may name several Gateways: whoever is told of all its parents here is told of none elsewhere. */
const sharedOf = once((piece: readonly AttachedRoute[]): readonly AttachedRoute[] =>
  piece.filter(({ core, reports }) => reports.length < (core.route.spec.parentRefs ?? []).length),
);

const statusesOf = once((piece: readonly AttachedRoute[]): readonly ObjectStatus[] =>
  piece.flatMap((route) => statusOf([route])),
);

const statuses = new WeakMap<AttachedRoute, ObjectStatus>();

/** The status of a route by what it is to each of its Gateways. */
function statusOf(attached: readonly AttachedRoute[]): readonly ObjectStatus[] {
  const [first, ...rest] = attached;
  if (first === undefined) return [];
  const known = rest.length === 0 ? statuses.get(first) : undefined;
  if (known !== undefined) return [known];
  const reports = attached.flatMap((one) => one.reports);
  if (reports.length === 0) return [];
  const parents = reports.map(({ ref, verdicts }) => ({ ref, verdicts }));
  const status: ObjectStatus = { kind: 'route', object: first.core.route, parents };
  if (rest.length === 0) statuses.set(first, status);
  return [status];
}
