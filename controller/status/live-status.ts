import type { Verdict } from '../resources/verdict.ts';
import type { ListenerReport, ObjectStatus } from './object-status.ts';

type GatewayStatus = Extract<ObjectStatus, { readonly kind: 'gateway' }>;

/** A resource that a proxy rejected and that has not changed since. */
export interface RejectedResource {
  /** "listener", "route", "cluster", ... */
  readonly type: string;
  readonly name: string;
  /** Envoy's words. */
  readonly message: string;
}

/** What a proxy says of its configuration. */
export interface LiveProxy {
  /** Its key: "<namespace>/<gateway>", or the class whose Gateways are merged. */
  readonly key: string;
  /** Its sockets: the name of the Listener, the port as it is written, the names of the RouteConfigurations. */
  readonly sockets: readonly { readonly name: string; readonly port: number; readonly chains: readonly string[] }[];
  /** Whether it has ever acknowledged a whole configuration. */
  readonly ready: boolean;
  readonly rejected: readonly RejectedResource[];
}

/**
 * Statuses as they are while proxies work: what a Gateway's proxy has not acknowledged yet or has rejected is not programmed
 * (Gateway API, condition `Programmed`). Pure.
 */
export function liveStatus(statuses: readonly ObjectStatus[], proxies: readonly LiveProxy[]): readonly ObjectStatus[] {
  return statuses.map((status) => (status.kind === 'gateway' ? live(status, proxies) : status));
}

function live(status: GatewayStatus, proxies: readonly LiveProxy[]): GatewayStatus {
  const { metadata, spec } = status.object;
  const key = `${metadata.namespace}/${metadata.name}`;
  const proxy =
    proxies.find((candidate) => candidate.key === key) ??
    proxies.find((candidate) => candidate.key === spec.gatewayClassName);
  if (proxy === undefined) return status;
  if (!proxy.ready && proxy.rejected.length === 0) {
    const pending = no('Pending', 'The proxy has not acknowledged its configuration yet');
    return withProgrammed(status, pending, () => pending);
  }
  const concerns = (rejected: RejectedResource, listener: string, port: number | undefined): boolean =>
    proxy.sockets.some(
      ({ name, port: socketPort, chains }) =>
        socketPort === port &&
        ((rejected.type === 'listener' && rejected.name === name) ||
          (rejected.type === 'route' &&
            chains.includes(rejected.name) &&
            (chains.length === 1 || rejected.name === `${key}/${listener}`))),
    );
  const ofListener = ({ name }: ListenerReport): readonly RejectedResource[] => {
    const port = spec.listeners.find((listener) => listener.name === name)?.port;
    return proxy.rejected.filter((rejected) => concerns(rejected, name, port));
  };
  const others = proxy.rejected.filter(({ type }) => type !== 'listener' && type !== 'route');
  const own = [...new Set([...status.listeners.flatMap(ofListener), ...others])];
  if (own.length === 0) return status;
  return withProgrammed(status, no('Invalid', own.map(describe).join('; ')), (report) => {
    const rejected = ofListener(report);
    return rejected.length === 0 ? undefined : no('Invalid', rejected.map(describe).join('; '));
  });
}

function withProgrammed(
  status: GatewayStatus,
  gateway: Verdict,
  listener: (report: ListenerReport) => Verdict | undefined,
): GatewayStatus {
  return {
    ...status,
    verdicts: status.verdicts.map((verdict) => (isProgrammed(verdict) ? gateway : verdict)),
    listeners: status.listeners.map((report) => {
      const instead = listener(report);
      if (instead === undefined) return report;
      return { ...report, verdicts: report.verdicts.map((verdict) => (isProgrammed(verdict) ? instead : verdict)) };
    }),
  };
}

/** What is not programmed for another reason keeps that reason. */
function isProgrammed({ type, status }: Verdict): boolean {
  return type === 'Programmed' && status === 'True';
}

function describe({ type, name, message }: RejectedResource): string {
  return `the proxy rejected ${type} ${name}: ${message}`;
}

function no(reason: string, message: string): Verdict {
  return { type: 'Programmed', status: 'False', reason, message };
}
