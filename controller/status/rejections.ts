import type { Verdict } from '../resources/verdict.ts';
import { type LiveProxy, liveStatus } from './live-status.ts';
import type { ObjectStatus } from './object-status.ts';

/** What a proxy rejects, told of an object that it concerns. */
export interface Rejection {
  readonly object: ObjectStatus['object'];
  /** What was rejected, and Envoy's words. */
  readonly message: string;
}

/** Whether a proxy rejects anything. */
export function rejects({ rejected, rejectedRoutes }: Pick<LiveProxy, 'rejected' | 'rejectedRoutes'>): boolean {
  return rejected.length > 0 || rejectedRoutes.length > 0;
}

/**
 * What proxies reject, as the statuses of the objects say it that it concerns: Gateways, also those that share a proxy,
 * ListenerSets, routes, policies, Backends. Pure.
 */
export function rejectionsIn(statuses: readonly ObjectStatus[], proxies: readonly LiveProxy[]): readonly Rejection[] {
  if (!proxies.some(rejects)) return [];
  const content = proxies.map((proxy): LiveProxy => ({ ...proxy, rejected: [], rejectedRoutes: [] }));
  const otherwise = liveStatus(statuses, content);
  return liveStatus(statuses, proxies).flatMap((status, index) => {
    const before = otherwise[index];
    if (before === undefined || before === status) return [];
    const known = new Set(verdictsOf(before).map(textOf));
    const told = new Set(
      verdictsOf(status)
        .filter((verdict) => !known.has(textOf(verdict)))
        .map(({ message }) => message),
    );
    return [...told].map((message): Rejection => ({ object: status.object, message }));
  });
}

/** What is said of an object itself: its listeners are summed up in that. */
function verdictsOf(status: ObjectStatus): readonly Verdict[] {
  switch (status.kind) {
    case 'class':
    case 'conditions':
    case 'gateway':
    case 'listener-set':
      return status.verdicts;
    case 'route':
      return status.parents.flatMap(({ verdicts }) => verdicts);
    case 'policy':
      return status.ancestors.flatMap(({ verdicts }) => verdicts);
    default:
      return status satisfies never;
  }
}

function textOf({ type, status, reason, message }: Verdict): string {
  return `${type} ${status} ${reason} ${message}`;
}
