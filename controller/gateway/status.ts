import type { Gateway, GatewayStatusAddress } from '#controller/api/gen/types.d.ts';
import type { Verdict } from '../resources/verdict.ts';
import type { ListenerReport, ObjectStatus } from '../status/object-status.ts';
import type { Pieces } from '../ir/pieces.ts';
import { requestedHostnames, requestedIps } from './addresses.ts';
import type { AttachedRoute } from './attach-routes.ts';
import { gatewayKeys, type GatewayState } from './gateways.ts';
import type { AnyRoute } from './route-core.ts';

/** What is said of a Gateway. */
export type GatewayStatus = Extract<ObjectStatus, { readonly kind: 'gateway' }>;

/** What is to be said of a Gateway and its listeners once its proxy has taken everything. */
export function gatewayStatus(
  { gateway, refused, listeners, routes }: GatewayState,
  bindAddress: string,
): GatewayStatus {
  const isServed = (usable: boolean): boolean => usable && refused === undefined;
  const attached = attachedRoutes(routes);
  const reports = listeners.map(({ name, spec, supportedKinds, usable, verdicts }): ListenerReport => ({
    name: spec.name,
    supportedKinds,
    attachedRoutes: attached.get(name) ?? 0,
    verdicts: [...verdicts, programmed(isServed(usable), 'The proxy serves the listener', 'the listener')],
  }));
  const invalid = listeners.filter(({ usable }) => !usable).map(({ spec }) => spec.name);
  const served = listeners.some(({ usable }) => isServed(usable));
  const unusable = requestedHostnames(gateway);
  return {
    kind: 'gateway',
    object: gateway,
    verdicts: [
      acceptance(refused, invalid, served),
      served && unusable.length > 0
        ? addressNotUsable(unusable)
        : programmed(served, 'The proxy serves the Gateway', 'the Gateway and its listeners'),
    ],
    addresses: served ? addressesOf(gateway, bindAddress) : [],
    listeners: reports,
  };
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

type Counts = ReadonlyMap<string, number>;

function attachedRoutes(pieces: GatewayState['routes']): Counts {
  return pieces.reduce<Counts>((sum, piece) => added(sum, countsOf(piece)), new Map());
}

const countsOfPieces = new WeakMap<readonly AttachedRoute[], Counts>();

/** How many of the routes are attached to each listener, by its name in xDS. */
function countsOf(piece: readonly AttachedRoute[]): Counts {
  const known = countsOfPieces.get(piece);
  if (known !== undefined) return known;
  const counts = piece
    .flatMap(({ attachments }) => attachments)
    .reduce<Counts>((sum, { listener }) => added(sum, new Map([[listener.name, 1]])), new Map());
  countsOfPieces.set(piece, counts);
  return counts;
}

function added(sum: Counts, more: Counts): Counts {
  const counts = new Map(sum);
  for (const [listener, count] of more) counts.set(listener, (counts.get(listener) ?? 0) + count);
  return counts;
}

function acceptance(refused: GatewayState['refused'], invalid: readonly string[], served: boolean): Verdict {
  if (refused !== undefined) return { type: 'Accepted', status: 'False', ...refused };
  if (invalid.length === 0) {
    return { type: 'Accepted', status: 'True', reason: 'Accepted', message: 'The Gateway is served' };
  }
  const message = `Listeners that are not served: ${invalid.join(', ')}`;
  return { type: 'Accepted', status: served ? 'True' : 'False', reason: 'ListenersNotValid', message };
}

function programmed(served: boolean, message: string, subject: string): Verdict {
  if (served) return { type: 'Programmed', status: 'True', reason: 'Programmed', message };
  return { type: 'Programmed', status: 'False', reason: 'Invalid', message: `See the other conditions of ${subject}` };
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

const sharedOfPieces = new WeakMap<readonly AttachedRoute[], readonly AttachedRoute[]>();

/** Those of the routes that name several Gateways. */
function sharedOf(piece: readonly AttachedRoute[]): readonly AttachedRoute[] {
  const known = sharedOfPieces.get(piece);
  if (known !== undefined) return known;
  const shared = piece.filter(({ core }) => gatewayKeys(core.route).length > 1);
  sharedOfPieces.set(piece, shared);
  return shared;
}

const statusesOfPieces = new WeakMap<readonly AttachedRoute[], readonly ObjectStatus[]>();

function statusesOf(piece: readonly AttachedRoute[]): readonly ObjectStatus[] {
  const known = statusesOfPieces.get(piece);
  if (known !== undefined) return known;
  const made = piece.flatMap((route) => statusOf([route]));
  statusesOfPieces.set(piece, made);
  return made;
}

const statuses = new WeakMap<AttachedRoute, ObjectStatus>();

/** The status of a route by what it is to each of its Gateways. */
function statusOf(attached: readonly AttachedRoute[]): readonly ObjectStatus[] {
  const [first, ...rest] = attached;
  if (first === undefined) return [];
  const known = rest.length === 0 ? statuses.get(first) : undefined;
  if (known !== undefined) return [known];
  const reports = attached.flatMap((one) => one.reports);
  const parents = reports.map(({ ref, verdicts }) => ({ ref, verdicts }));
  const status: ObjectStatus = { kind: 'route', object: first.core.route, parents };
  if (rest.length === 0) statuses.set(first, status);
  return [status];
}
