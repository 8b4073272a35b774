import type { Verdict } from '../resources/verdict.ts';
import type { XdsType } from '../xds/types.ts';
import type { ListenerReport, ObjectStatus } from './object-status.ts';

type GatewayStatus = Extract<ObjectStatus, { readonly kind: 'gateway' }>;

/** A resource that a proxy rejected and that has not changed since. */
export interface RejectedResource {
  readonly type: XdsType;
  readonly name: string;
  /** Envoy's words. */
  readonly message: string;
}

/** What a proxy says of its configuration. */
export interface LiveProxy {
  /** Names of its Listeners: "<namespace>/<gateway>/<listener>". */
  readonly listeners: readonly string[];
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
  const { namespace, name } = status.object.metadata;
  const prefix = `${namespace}/${name}/`;
  const proxy = proxies.find(({ listeners }) => listeners.some((listener) => listener.startsWith(prefix)));
  if (proxy === undefined) return status;
  if (!proxy.ready && proxy.rejected.length === 0) {
    const pending = no('Pending', 'The proxy has not acknowledged its configuration yet');
    return withProgrammed(status, pending, () => pending);
  }
  const isSocket = ({ type }: RejectedResource): boolean => type === 'listener' || type === 'route';
  const own = proxy.rejected.filter((rejected) => !isSocket(rejected) || rejected.name.startsWith(prefix));
  if (own.length === 0) return status;
  return withProgrammed(status, no('Invalid', own.map(describe).join('; ')), (report) => {
    const refused = own.filter(
      (rejected) => isSocket(rejected) && serves(rejected.name.slice(prefix.length), report, status),
    );
    return refused.length === 0 ? undefined : no('Invalid', refused.map(describe).join('; '));
  });
}

/** Listeners that share a port share a Listener of Envoy, which is called after the first of them. */
function serves(first: string, report: ListenerReport, { object }: GatewayStatus): boolean {
  const portOf = (name: string): number | undefined => object.spec.listeners.find((spec) => spec.name === name)?.port;
  return report.name === first || (portOf(first) !== undefined && portOf(first) === portOf(report.name));
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
