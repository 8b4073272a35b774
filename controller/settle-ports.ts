import { requestedIps } from './gateway/addresses.ts';
import { claimPorts, type PortBook, type PortClaim, type PortDecision } from './gateway/port-claims.ts';
import type { ListenerIr } from './ir/listener.ts';
import { lazily } from './resources/lazily.ts';
import type { Verdict } from './resources/verdict.ts';
import { type GatewayStatus, setVerdicts } from './gateway/status.ts';
import type { ListenerReport, ObjectStatus } from './status/object-status.ts';
import type { TranslatedProxy, Translation } from './translate.ts';

type SetStatus = Extract<ObjectStatus, { readonly kind: 'listener-set' }>;

/** A translation whose listeners have their sockets. */
export interface Settled {
  readonly translation: Translation;
  /** Proxies of which a socket has not been looked at: they keep what they have until it is. */
  readonly undecided: ReadonlySet<string>;
}

/**
 * The pass that gives sockets to listeners: one that another Gateway or the machine holds is left out of its proxy and
 * told in the listener's status (`Accepted=False`, `PortUnavailable`); a privileged one is shifted.
 *
 * Pure. What does not change is the same object as in the translation, and the same as the last time.
 */
export function createPortPass(): (translation: Translation, book: PortBook) => Settled {
  const moved = new WeakMap<ListenerIr, ListenerIr>();
  const settledProxies = new WeakMap<TranslatedProxy, { readonly says: string; readonly proxy: TranslatedProxy }>();

  return (translation, book) => {
    const decisions = claimPorts(claimsOf(translation), book);
    const undecided = new Set<string>();
    const proxies = new Map<string, TranslatedProxy>();
    for (const [key, proxy] of translation.proxies) {
      if (proxy.infra.sockets.some(({ listener }) => decisions.get(listener)?.kind === 'undecided')) undecided.add(key);
      proxies.set(key, settle(proxy, decisions));
    }
    const gateways = translation.gateways.map((status) => settleGateway(status, translation.proxies, decisions));
    const statuses = lazily(() =>
      translation.statuses().map((piece) => {
        if (piece === translation.gateways) return gateways;
        if (piece[0]?.kind === 'listener-set') {
          return piece.map((status) => settleSet(status, translation.proxies, decisions));
        }
        return isOfPatches(piece) ? piece.map((status) => settlePolicy(status, translation.proxies, decisions)) : piece;
      }),
    );
    return { translation: { ...translation, proxies, gateways, statuses }, undecided };
  };

  function settle(proxy: TranslatedProxy, decisions: ReadonlyMap<string, PortDecision>): TranslatedProxy {
    const says = JSON.stringify(proxy.infra.sockets.map(({ listener }) => decisions.get(listener)));
    const known = settledProxies.get(proxy);
    if (known?.says === says) return known.proxy;
    const settled = settleAnew(proxy, decisions);
    settledProxies.set(proxy, { says, proxy: settled });
    return settled;
  }

  function settleAnew(proxy: TranslatedProxy, decisions: ReadonlyMap<string, PortDecision>): TranslatedProxy {
    const { xds, infra } = proxy;
    const listeners = xds.listeners.flatMap((listener) => bind(listener, decisions.get(listener.name)));
    const patches = xds.patches?.filter(({ type, name }) => type !== 'listener' || !isRefused(decisions.get(name)));
    const isSame =
      patches?.length === xds.patches?.length &&
      listeners.length === xds.listeners.length &&
      listeners.every((listener, index) => listener === xds.listeners[index]);
    if (isSame) return proxy;
    const sockets = infra.sockets.flatMap((socket) => {
      const decision = decisions.get(socket.listener);
      if (isRefused(decision)) return [];
      return decision?.kind === 'bound' && socket.patchedBy === undefined
        ? [{ ...socket, port: decision.port }]
        : [socket];
    });
    const settled = { ...xds, listeners, ...(patches === undefined ? {} : { patches }) };
    return { ...proxy, xds: settled, infra: { ...infra, sockets } };
  }

  function bind(listener: ListenerIr, decision: PortDecision | undefined): readonly ListenerIr[] {
    if (isRefused(decision)) return [];
    if (decision?.kind !== 'bound' || decision.port === listener.port) return [listener];
    const known = moved.get(listener);
    if (known?.port === decision.port) return [known];
    const bound = { ...listener, port: decision.port };
    moved.set(listener, bound);
    return [bound];
  }
}

function isRefused(decision: PortDecision | undefined): boolean {
  return decision?.kind === 'refused';
}

/** The sockets that the proxies of a translation want; what a patch adds is wanted by the Gateway of the first listener. */
export function claimsOf({ proxies, gateways: statuses }: Translation): readonly PortClaim[] {
  const gateways = new Map(statuses.map((status) => [gatewayKey(status), status.object] as const));
  const gatewayOf = (listener: string) => gateways.get(listener.split('/').slice(0, 2).join('/'));
  return [...proxies].flatMap(([proxy, { xds, infra }]) => {
    const first = gatewayOf(xds.listeners[0]?.name ?? '');
    return infra.sockets.flatMap(({ patchedBy, ...socket }): PortClaim[] => {
      const gateway = gatewayOf(socket.listener) ?? first;
      if (gateway === undefined) return [];
      return [{ proxy, gateway, ...socket, fixed: patchedBy !== undefined }];
    });
  });
}

function gatewayKey({ object }: GatewayStatus): string {
  return `${object.metadata.namespace}/${object.metadata.name}`;
}

/** The statuses of EnvoyPatchPolicies are a piece of their own. */
function isOfPatches([first]: readonly ObjectStatus[]): boolean {
  return first?.kind === 'policy' && first.object.kind === 'EnvoyPatchPolicy';
}

/** A policy whose patches make a listener want a socket that cannot be had: the listener is left out. */
function settlePolicy(
  status: ObjectStatus,
  proxies: Translation['proxies'],
  decisions: ReadonlyMap<string, PortDecision>,
): ObjectStatus {
  if (status.kind !== 'policy') return status;
  const { namespace, name } = status.object.metadata;
  const sockets = [...proxies.values()].flatMap(({ infra }) => infra.sockets);
  const own = sockets.filter(({ patchedBy }) => patchedBy?.includes(`${namespace}/${name}`) === true);
  for (const { listener } of own) {
    const decision = decisions.get(listener);
    if (decision?.kind !== 'refused') continue;
    const refused = no('Programmed', 'PortUnavailable', `Listener ${listener} is left out: ${decision.message}`);
    const ancestors = status.ancestors.map((ancestor) => ({
      ...ancestor,
      verdicts: ancestor.verdicts.map((verdict) => (verdict.type === 'Programmed' ? refused : verdict)),
    }));
    return { ...status, ancestors };
  }
  return status;
}

/** A Gateway or ListenerSet with what became of the sockets of its listeners. */
function settleListeners<S extends GatewayStatus | SetStatus>(
  status: S,
  addresses: readonly string[],
  proxies: Translation['proxies'],
  decisions: ReadonlyMap<string, PortDecision>,
): S {
  const sockets = proxies.get(status.proxy);
  const decisionOf = ({ port, transport }: ListenerReport): PortDecision | undefined => {
    const socket = sockets?.xds.listeners.find(
      (listener) =>
        listener.port === port &&
        listener.protocol === transport &&
        (addresses.length === 0 || addresses.includes(listener.address)),
    );
    return socket === undefined ? undefined : decisions.get(socket.name);
  };
  const listeners = status.listeners.map((report) => settleReport(report, decisionOf(report)));
  return { ...status, listeners };
}

function settleGateway(
  status: GatewayStatus,
  proxies: Translation['proxies'],
  decisions: ReadonlyMap<string, PortDecision>,
): GatewayStatus {
  const settled = settleListeners(status, requestedIps(status.object), proxies, decisions);
  const { listeners } = settled;
  const refused = listeners.filter((report, index) => report !== status.listeners[index] && !isServed(report));
  if (refused.length === 0) return settled;
  return { ...settled, verdicts: status.verdicts.map((verdict) => gatewayVerdict(verdict, listeners)) };
}

function settleSet(
  status: ObjectStatus,
  proxies: Translation['proxies'],
  decisions: ReadonlyMap<string, PortDecision>,
): ObjectStatus {
  if (status.kind !== 'listener-set' || status.listeners.length === 0) return status;
  const settled = settleListeners(status, [], proxies, decisions);
  return { ...settled, verdicts: setVerdicts(settled.listeners) };
}

/** A listener that is not served for another reason keeps that reason. */
function settleReport(report: ListenerReport, decision: PortDecision | undefined): ListenerReport {
  if (decision === undefined || !isServed(report)) return report;
  switch (decision.kind) {
    case 'undecided':
      return report;
    case 'bound': {
      const { note } = decision;
      if (note === undefined) return report;
      return withVerdicts(report, (verdict) =>
        verdict.type === 'Accepted' ? { ...verdict, message: `${verdict.message}; ${note}` } : verdict,
      );
    }
    case 'refused':
      return withVerdicts(report, (verdict) => {
        if (verdict.type === 'Accepted') return no('Accepted', 'PortUnavailable', decision.message);
        return verdict.type === 'Programmed' ? no('Programmed', 'Invalid', decision.message) : verdict;
      });
    default:
      return decision satisfies never;
  }
}

function withVerdicts(report: ListenerReport, change: (verdict: Verdict) => Verdict): ListenerReport {
  return { ...report, verdicts: report.verdicts.map(change) };
}

function isServed({ verdicts }: ListenerReport): boolean {
  return verdicts.some(({ type, status }) => type === 'Programmed' && status === 'True');
}

function gatewayVerdict(verdict: Verdict, listeners: readonly ListenerReport[]): Verdict {
  const isAnyServed = listeners.some(isServed);
  const names = listeners.filter((report) => !isServed(report)).map(({ name }) => name);
  if (verdict.type === 'Accepted') {
    return {
      type: 'Accepted',
      status: isAnyServed ? 'True' : 'False',
      reason: 'ListenersNotValid',
      message: `Listeners that are not served: ${names.join(', ')}`,
    };
  }
  if (verdict.type !== 'Programmed' || isAnyServed) return verdict;
  return no('Programmed', 'Invalid', 'No listener of the Gateway can be served');
}

function no(type: string, reason: string, message: string): Verdict {
  return { type, status: 'False', reason, message };
}
