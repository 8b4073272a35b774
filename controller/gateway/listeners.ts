import type { Gateway, Listener, ListenerSet, RouteGroupKind } from '#controller/api/gen/types.d.ts';
import type { CertificateIr } from '../ir/secret.ts';
import type { Resources } from '../resources/resources.ts';
import { rememberedIn } from '../resources/tracked.ts';
import type { Refusal, Verdict } from '../resources/verdict.ts';
import { listenerCertificates } from './certificates.ts';

/** What a listener is written in. */
export type ListenerOwner = Gateway | ListenerSet;

/** A listener of a Gateway, its own or one of a ListenerSet, and what is said of it. */
export interface ListenerState {
  /** In xDS: "<namespace>/<gateway>/<listener>", a contract, or "<namespace>/<gateway>/<namespace>/<set>/<listener>". */
  readonly name: string;
  readonly gateway: Gateway;
  readonly owner: ListenerOwner;
  readonly spec: Listener;
  readonly supportedKinds: readonly RouteGroupKind[];
  /** Of a listener that terminates TLS; none of one that does not. */
  readonly certificates: readonly CertificateIr[];
  /** Whether it is served. */
  readonly usable: boolean;
  readonly verdicts: readonly Verdict[];
}

/** A Gateway with its listeners; the same object as long as neither changes. */
export interface GatewayListeners {
  readonly gateway: Gateway;
  /** What its listeners are written in: what routes name. */
  readonly owners: readonly ListenerOwner[];
  readonly listeners: readonly ListenerState[];
}

/** The kinds of route that listeners of HTTP and HTTPS serve (Gateway API, `ProtocolType`). */
const HTTP_KINDS: readonly RouteGroupKind[] = ['HTTPRoute', 'GRPCRoute'].map((kind) => ({
  group: 'gateway.networking.k8s.io',
  kind,
}));

/**
 * The listeners of a Gateway, in its order (Gateway API, "Listeners"). `earlier` are those of older Gateways that the same
 * proxy serves: they hold what they claim.
 */
export const gatewayListeners: (
  gateway: Gateway,
  earlier: readonly Listener[],
  resources: Resources,
) => GatewayListeners = rememberedIn((gateway: Gateway, earlier: readonly Listener[], resources) => {
  const specs = gateway.spec.listeners;
  const listeners = specs.map((spec, index) => {
    const conflict = [...earlier, ...specs.slice(0, index)].find((other) => conflicts(other, spec));
    return listenerState(gateway, spec, conflict, resources);
  });
  return { gateway, owners: [gateway], listeners };
});

function listenerState(
  gateway: Gateway,
  spec: Listener,
  conflict: Listener | undefined,
  resources: Resources,
): ListenerState {
  const allowed = spec.allowedRoutes.kinds ?? HTTP_KINDS;
  const supportedKinds = allowed.filter(isSupported);
  const refused = unsupported(gateway, spec);
  const wantsTls = spec.protocol === 'HTTPS' && refused === undefined;
  const certificates = wantsTls ? listenerCertificates(gateway, spec, resources) : undefined;
  const unresolved = certificates?.ok === false ? certificates.refusal : kindsProblem(spec, allowed);
  const isBroken = refused !== undefined || conflict !== undefined || certificates?.ok === false;
  return {
    name: listenerName(gateway, gateway, spec),
    gateway,
    owner: gateway,
    spec,
    supportedKinds,
    certificates: certificates?.ok === true ? certificates.value : [],
    usable: !isBroken && supportedKinds.length > 0,
    verdicts: [
      conflictVerdict(spec, conflict),
      verdict('Accepted', refused, 'The listener is served'),
      verdict('ResolvedRefs', unresolved, 'Every reference of the listener leads somewhere'),
    ],
  };
}

function listenerName({ metadata }: Gateway, owner: ListenerOwner, { name }: Listener): string {
  const gateway = `${metadata.namespace}/${metadata.name}`;
  if (owner.kind === 'Gateway') return `${gateway}/${name}`;
  return `${gateway}/${owner.metadata.namespace}/${owner.metadata.name}/${name}`;
}

function isSupported({ group, kind }: RouteGroupKind): boolean {
  return HTTP_KINDS.some((known) => known.group === group && known.kind === kind);
}

/** A port of UDP is not that of TCP: they never conflict (Gateway API, "Distinct Listeners"). */
function conflicts(a: Listener, b: Listener): boolean {
  if (a.port !== b.port || (a.protocol === 'UDP') !== (b.protocol === 'UDP')) return false;
  return a.protocol !== b.protocol || hostnameOf(a) === hostnameOf(b);
}

function hostnameOf({ hostname }: Listener): string {
  return hostname?.toLowerCase() ?? '';
}

function conflictVerdict(spec: Listener, conflict: Listener | undefined): Verdict {
  if (conflict === undefined) {
    const message = 'No other listener claims the same port and host name';
    return { type: 'Conflicted', status: 'False', reason: 'NoConflicts', message };
  }
  const reason = conflict.protocol === spec.protocol ? 'HostnameConflict' : 'ProtocolConflict';
  const message =
    reason === 'HostnameConflict'
      ? `listener ${conflict.name} already claims port ${spec.port} with host name ${spec.hostname ?? '*'}`
      : `listener ${conflict.name} already claims port ${spec.port} with protocol ${conflict.protocol}`;
  return { type: 'Conflicted', status: 'True', reason, message };
}

function unsupported({ metadata }: Gateway, { name, protocol, tls }: Listener): Refusal | undefined {
  const at = `Gateway ${metadata.namespace}/${metadata.name}: listener ${name}`;
  if (protocol !== 'HTTP' && protocol !== 'HTTPS') {
    const message = `${at}: protocol: found ${protocol}, this version implements HTTP and HTTPS`;
    return { reason: 'UnsupportedProtocol', message };
  }
  if (protocol === 'HTTPS' && tls?.mode === 'Passthrough') {
    const message = `${at}: tls.mode: found Passthrough, accepted for protocol HTTPS is Terminate`;
    return { reason: 'UnsupportedValue', message };
  }
  return undefined;
}

function kindsProblem({ protocol }: Listener, allowed: readonly RouteGroupKind[]): Refusal | undefined {
  if (allowed.every(isSupported)) return undefined;
  const found = allowed.map(({ kind }) => kind).join(', ');
  const message = `allowedRoutes.kinds: found ${found}, accepted for protocol ${protocol} are HTTPRoute and GRPCRoute`;
  return { reason: 'InvalidRouteKinds', message };
}

function verdict(type: 'Accepted' | 'ResolvedRefs', refused: Refusal | undefined, message: string): Verdict {
  if (refused !== undefined) return { type, status: 'False', ...refused };
  return { type, status: 'True', reason: type, message };
}
