import { claimPorts, type PortBook, type PortClaim, type PortDecision } from './gateway/port-claims.ts';
import type { ListenerIr } from './ir/listener.ts';
import type { ProxyIr } from './ir/proxy.ts';
import type { Verdict } from './resources/verdict.ts';
import type { ListenerReport, ObjectStatus } from './status/object-status.ts';
import type { TranslatedProxy, Translation } from './translate.ts';

type GatewayStatus = Extract<ObjectStatus, { readonly kind: 'gateway' }>;

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
      if (proxy.xds.listeners.some(({ name }) => decisions.get(name)?.kind === 'undecided')) undecided.add(key);
      proxies.set(key, settle(proxy, decisions));
    }
    const statuses = translation.statuses.map((status) =>
      status.kind === 'gateway' ? settleStatus(status, translation, decisions) : status,
    );
    return { translation: { ...translation, proxies, statuses }, undecided };
  };

  function settle(proxy: TranslatedProxy, decisions: ReadonlyMap<string, PortDecision>): TranslatedProxy {
    const says = JSON.stringify(proxy.xds.listeners.map(({ name }) => decisions.get(name)));
    const known = settledProxies.get(proxy);
    if (known?.says === says) return known.proxy;
    const listeners = proxy.xds.listeners.flatMap((listener) => bind(listener, decisions.get(listener.name)));
    const isSame = listeners.every((listener, index) => listener === proxy.xds.listeners[index]);
    const xds: ProxyIr = { ...proxy.xds, listeners };
    const ports = listeners.map(({ address, port }) => ({ address, port, protocol: 'TCP' }) as const);
    const settled =
      isSame && listeners.length === proxy.xds.listeners.length
        ? proxy
        : { ...proxy, xds, infra: { ...proxy.infra, ports } };
    settledProxies.set(proxy, { says, proxy: settled });
    return settled;
  }

  function bind(listener: ListenerIr, decision: PortDecision | undefined): readonly ListenerIr[] {
    if (decision?.kind === 'refused') return [];
    if (decision?.kind !== 'bound' || decision.port === listener.port) return [listener];
    const known = moved.get(listener);
    if (known?.port === decision.port) return [known];
    const bound = { ...listener, port: decision.port };
    moved.set(listener, bound);
    return [bound];
  }
}

/** The sockets that the proxies of a translation want. */
export function claimsOf({ proxies, statuses }: Translation): readonly PortClaim[] {
  const gateways = new Map(
    statuses.flatMap((status) => (status.kind === 'gateway' ? [[gatewayKey(status), status.object] as const] : [])),
  );
  return [...proxies].flatMap(([proxy, { xds }]) =>
    xds.listeners.flatMap(({ name, address, port }): PortClaim[] => {
      const gateway = gateways.get(name.split('/').slice(0, 2).join('/'));
      return gateway === undefined ? [] : [{ proxy, gateway, listener: name, address, port, protocol: 'TCP' }];
    }),
  );
}

function gatewayKey({ object }: GatewayStatus): string {
  return `${object.metadata.namespace}/${object.metadata.name}`;
}

function settleStatus(
  status: GatewayStatus,
  { proxies }: Translation,
  decisions: ReadonlyMap<string, PortDecision>,
): GatewayStatus {
  const { spec } = status.object;
  const sockets = proxies.get(gatewayKey(status)) ?? proxies.get(spec.gatewayClassName);
  const decisionOf = ({ name }: ListenerReport): PortDecision | undefined => {
    const port = spec.listeners.find((listener) => listener.name === name)?.port;
    const [wanted] = spec.addresses ?? [];
    const socket = sockets?.xds.listeners.find(
      (listener) => listener.port === port && (wanted?.value === undefined || wanted.value === listener.address),
    );
    return socket === undefined ? undefined : decisions.get(socket.name);
  };
  const listeners = status.listeners.map((report) => settleReport(report, decisionOf(report)));
  const refused = listeners.filter((report, index) => report !== status.listeners[index] && !isServed(report));
  if (refused.length === 0) return { ...status, listeners };
  return { ...status, listeners, verdicts: status.verdicts.map((verdict) => gatewayVerdict(verdict, listeners)) };
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
