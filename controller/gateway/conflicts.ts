import type { Listener } from '#controller/api/gen/types.d.ts';

/** A listener that claims a port and, where its protocol knows host names, a host name there. */
export interface Claim {
  readonly spec: Pick<Listener, 'port' | 'protocol' | 'hostname'>;
  /** What it is called in words: "<namespace>/<gateway or set>/<listener>". */
  readonly name: string;
  /** Whether it is served if nobody else claims the same. One that is not still keeps others from what is its own. */
  readonly valid: boolean;
}

/** The listeners of one object: of a Gateway or of a ListenerSet. */
export interface Claimant<C extends Claim = Claim> {
  readonly kind: 'Gateway' | 'ListenerSet';
  readonly claims: readonly C[];
}

/** Why a listener cannot have what it claims (Gateway API, listener condition `Conflicted`). */
export interface Conflict {
  readonly reason: 'HostnameConflict' | 'ProtocolConflict';
  readonly message: string;
}

/** Who has a port, or a host name on it; `nobody` where those who came first are at odds among themselves. */
type Holder = { readonly name: string } | 'nobody';

interface Port {
  protocol: { readonly family: string; readonly holder: Holder } | undefined;
  readonly hostnames: Map<string, Holder>;
}

/**
 * The listeners that conflict. Claimants come in order of precedence: the Gateway, then its ListenerSets, the oldest first
 * (Gateway API, `ListenerSetSpec.listeners`). What an earlier claimant has a later one does not get. Within one object there
 * is no precedence: all of its listeners that are not distinct conflict (Gateway API, "Handling indistinct Listeners"); where
 * that object is the Gateway nobody after it gets what they are at odds about, either.
 */
export function conflictsOf<C extends Claim>(claimants: readonly Claimant<C>[]): ReadonlyMap<C, Conflict> {
  const ports = new Map<string, Port>();
  const conflicts = new Map<C, Conflict>();
  for (const claimant of claimants) {
    for (const [key, claims] of grouped(claimant.claims, portOf)) {
      const port = ports.get(key) ?? { protocol: undefined, hostnames: new Map<string, Holder>() };
      ports.set(key, port);
      const left = contendForProtocol(claimant.kind, claims, port, conflicts);
      contendForHostnames(claimant.kind, left, port, conflicts);
    }
  }
  return conflicts;
}

/** Returns the claims that may go on to contend for host names. */
function contendForProtocol<C extends Claim>(
  kind: Claimant['kind'],
  claims: readonly C[],
  port: Port,
  conflicts: Map<C, Conflict>,
): readonly C[] {
  const families = grouped(claims.filter(counts(claims)), familyOf);
  if (port.protocol === undefined) {
    const [first] = families;
    if (families.size > 1) {
      const message = conflictMessage('protocol', claims);
      for (const claim of claims) conflicts.set(claim, { reason: 'ProtocolConflict', message });
      if (kind === 'Gateway') port.protocol = { family: '', holder: 'nobody' };
      return [];
    }
    if (first === undefined) return [];
    const [family, [holder]] = first;
    if (holder !== undefined) port.protocol = { family, holder };
  }
  const { protocol } = port;
  return claims.filter((claim) => {
    if (protocol === undefined || protocol.family === familyOf(claim)) return true;
    const message = heldMessage(protocol.holder, `port ${claim.spec.port}`, `with another protocol`);
    conflicts.set(claim, { reason: 'ProtocolConflict', message });
    return false;
  });
}

function contendForHostnames<C extends Claim>(
  kind: Claimant['kind'],
  claims: readonly C[],
  port: Port,
  conflicts: Map<C, Conflict>,
): void {
  for (const [hostname, same] of grouped(claims, hostnameOf)) {
    const holder = port.hostnames.get(hostname);
    const contenders = same.filter(counts(same));
    const [first] = contenders;
    if (holder !== undefined) {
      for (const claim of same) conflicts.set(claim, heldConflict(claim, hostname, holder));
    } else if (contenders.length > 1) {
      const message = conflictMessage('host name', same);
      for (const claim of contenders) conflicts.set(claim, { reason: reasonOf(claim), message });
      if (kind === 'Gateway') port.hostnames.set(hostname, 'nobody');
    } else if (first !== undefined) port.hostnames.set(hostname, first);
  }
}

/** Within one object what cannot be served keeps nobody from being served; where nothing can be, all count. */
function counts<C extends Claim>(claims: readonly C[]): (claim: C) => boolean {
  const isAnyValid = claims.some(({ valid }) => valid);
  return ({ valid }) => valid || !isAnyValid;
}

function heldConflict(claim: Claim, hostname: string, holder: Holder): Conflict {
  const what = `port ${claim.spec.port}${isNamed(claim) ? ` with host name ${hostname === '' ? '*' : hostname}` : ''}`;
  return { reason: reasonOf(claim), message: heldMessage(holder, what, '') };
}

function heldMessage(holder: Holder, what: string, how: string): string {
  const rest = how === '' ? '' : ` ${how}`;
  if (holder === 'nobody') return `several listeners of the Gateway claim ${what}, of which none has it`;
  return `listener ${holder.name} already claims ${what}${rest}`;
}

function conflictMessage(what: string, claims: readonly Claim[]): string {
  const names = claims.map(({ name }) => name).sort();
  return `listeners of one object that share a port must ${what === 'protocol' ? 'have compatible protocols' : `differ in their ${what}`}: see ${names.join(', ')}`;
}

function reasonOf(claim: Claim): Conflict['reason'] {
  return isNamed(claim) ? 'HostnameConflict' : 'ProtocolConflict';
}

/** A port of UDP is not that of TCP. */
function portOf({ spec }: Claim): string {
  return `${spec.protocol === 'UDP' ? 'UDP' : 'TCP'} ${spec.port}`;
}

/** TLS and HTTPS share a port: the server name tells them apart. */
function familyOf({ spec }: Claim): string {
  return spec.protocol === 'HTTPS' ? 'TLS' : spec.protocol;
}

/** Whether listeners of its protocol are told apart by host name. */
export function isNamed({ spec }: Claim): boolean {
  return spec.protocol !== 'TCP' && spec.protocol !== 'UDP';
}

function hostnameOf(claim: Claim): string {
  return isNamed(claim) ? (claim.spec.hostname?.toLowerCase() ?? '') : '';
}

function grouped<C>(members: readonly C[], keyOf: (member: C) => string): ReadonlyMap<string, readonly C[]> {
  const groups = new Map<string, C[]>();
  for (const member of members) {
    const key = keyOf(member);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [member]);
    else group.push(member);
  }
  return groups;
}
