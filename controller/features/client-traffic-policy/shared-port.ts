import type { ClientTrafficPolicy, EnvoyProxy, Gateway, Listener, ListenerSet } from '#controller/api/gen/types.d.ts';
import { type Target, targetsOf } from '../../policies/targets.ts';
import { mergesGateways } from '../../resources/merged-gateways.ts';
import { parentGateway, takesSet } from '../../resources/parent-gateway.ts';
import type { Resources } from '../../resources/resources.ts';
import { remembered } from '../../resources/tracked.ts';
import type { Settings } from '../../settings.ts';

/** What listeners are written in. */
type Owner = Gateway | ListenerSet;

/**
 * Why a policy cannot be for its targets alone, or `undefined`: listeners of plaintext that share a port of a proxy share
 * their connections. A Gateway speaks for its ListenerSets, too.
 */
export function sharedPort(
  policy: ClientTrafficPolicy,
  resources: Resources,
  { envoyProxy }: Pick<Settings, 'envoyProxy'>,
): string | undefined {
  for (const target of targetsOf(policy, resources)) {
    const found = sharing(target, resources, envoyProxy);
    if (found !== undefined) return `spec.targetRefs: ${found}`;
  }
  return undefined;
}

function sharing(
  { kind, namespace, name, sectionName }: Target,
  resources: Resources,
  defaults: EnvoyProxy | undefined,
): string | undefined {
  if (kind !== 'Gateway' && kind !== 'ListenerSet') return undefined;
  const owner = resources.get(kind, namespace, name);
  const gateway = owner === undefined ? undefined : gatewayOf(owner, resources);
  if (owner === undefined || gateway === undefined) return undefined;
  const own = plain(owner).filter((listener) => sectionName === undefined || listener.name === sectionName);
  if (own.length === 0) return undefined;
  const strangersAt = strangers(owner, gateway, proxied(gateway, resources, defaults), sectionName, resources);
  for (const listener of own) {
    const same = strangersAt(listener.port).filter(({ spec }) => sharesConnections(spec, listener));
    if (same.length === 0) continue;
    const names = same.map((other) => nameOf(other, owner)).join(', ');
    return `listener ${listener.name} shares port ${listener.port} with ${names}: ${instead(owner, gateway, same)}`;
  }
  return undefined;
}

/** Of two listeners on one port: with one host name they conflict, and one of them is not served. */
function sharesConnections(a: Listener, b: Listener): boolean {
  return (a.hostname ?? '') !== (b.hostname ?? '');
}

interface OwnedListener<O extends Owner = Owner> {
  readonly owner: O;
  readonly spec: Listener;
}

/** The listeners of plaintext at a port of the same proxy, of the Gateways `together`, that a policy for `owner`, or for one listener of it, is not for. */
function strangers(
  owner: Owner,
  gateway: Gateway,
  together: readonly Gateway[],
  sectionName: string | undefined,
  resources: Resources,
): (port: number) => readonly OwnedListener[] {
  const isWhole = owner.kind === 'Gateway' && sectionName === undefined;
  const gateways = together.filter((other) => !isWhole || other !== gateway);
  // Without such a one sets are not looked at: what they say changes nothing.
  if (gateways.length === 0) return () => [];
  const inSets = plainInSets(resources.list('ListenerSet'), resources);
  const isMeant = (other: OwnedListener): boolean =>
    other.owner === owner && (sectionName === undefined || other.spec.name === sectionName);
  return (port) =>
    gateways.flatMap((one) => {
      const ofOwn = plain(one).flatMap((spec) => (spec.port === port ? [{ owner: one, spec }] : []));
      const ofSets = (inSets.get(portKey(one.metadata, port)) ?? []).filter((other) =>
        takesSet(one, other.owner, resources),
      );
      return [...ofOwn, ...ofSets].filter((other) => !isMeant(other));
    });
}

/** The listeners of plaintext of all sets, by the Gateway that they name, and by port: looked for once, not for each policy. */
const plainInSets = remembered((sets: readonly ListenerSet[]) => {
  const found = new Map<string, OwnedListener<ListenerSet>[]>();
  for (const owner of sets) {
    const parent = parentGateway(owner);
    if (parent === undefined) continue;
    for (const spec of plain(owner)) {
      const key = portKey(parent, spec.port);
      const known = found.get(key);
      if (known === undefined) found.set(key, [{ owner, spec }]);
      else known.push({ owner, spec });
    }
  }
  return found;
});

function portKey({ namespace, name }: { readonly namespace: string; readonly name: string }, port: number): string {
  return `${namespace}/${name}/${port}`;
}

/** The Gateways that a proxy serves together with one. */
function proxied(gateway: Gateway, resources: Resources, defaults: EnvoyProxy | undefined): readonly Gateway[] {
  const { gatewayClassName } = gateway.spec;
  const ofClass = resources.get('GatewayClass', '', gatewayClassName);
  if (ofClass === undefined || !mergesGateways(ofClass, resources, defaults)) return [gateway];
  return resources.list('Gateway').filter(({ spec }) => spec.gatewayClassName === gatewayClassName);
}

/** The Gateway that serves listeners, if one does. */
function gatewayOf(owner: Owner, resources: Resources): Gateway | undefined {
  if (owner.kind === 'Gateway') return owner;
  const parent = parentGateway(owner);
  const gateway = parent === undefined ? undefined : resources.get('Gateway', parent.namespace, parent.name);
  return gateway !== undefined && takesSet(gateway, owner, resources) ? gateway : undefined;
}

function plain({ spec: { listeners } }: Owner): readonly Listener[] {
  return listeners.filter(({ protocol }) => protocol === 'HTTP');
}

function nameOf({ owner: { kind, metadata }, spec: { name } }: OwnedListener, from: Owner): string {
  const isOwn = kind === from.kind && metadata.name === from.metadata.name;
  return isOwn && metadata.namespace === from.metadata.namespace
    ? name
    : `${name} of ${kind} ${metadata.namespace}/${metadata.name}`;
}

function instead(owner: Owner, gateway: Gateway, same: readonly OwnedListener[]): string {
  const isOfOne = same.every((other) => other.owner === owner);
  if (isOfOne) return `target the ${owner.kind} instead`;
  const isOfGateway = same.every((other) => other.owner === gateway || other.owner.kind === 'ListenerSet');
  return isOfGateway ? 'target the Gateway instead' : 'give them ports of their own';
}
