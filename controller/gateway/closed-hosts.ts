import { isNamed } from './conflicts.ts';
import type { ListenerState } from './listeners.ts';
import { widerThan } from './overlaps.ts';
import { hostnameOf } from './termination.ts';

/**
 * Of listeners that are not served those whose hosts a wider listener would get, with a certificate and policies that are not
 * meant for them: one by host name, whatever protocol it wanted. A host name that is served, as by the listener that has it
 * before others, is not closed (Gateway API, `GatewaySpec.listeners`: a request should match at most one listener).
 */
export function closedAmong(
  listeners: readonly ListenerState[],
  unserved: readonly ListenerState[],
): readonly ListenerState[] {
  if (unserved.length === 0) return [];
  const open = new Set(listeners.map(hostnameOf));
  const closed = new Map<string, ListenerState>();
  for (const listener of unserved) {
    const hostname = hostnameOf(listener);
    if (!isNamed(listener) || open.has(hostname) || closed.has(hostname)) continue;
    if (widerThan(hostname).some((wide) => open.has(wide))) closed.set(hostname, listener);
  }
  return [...closed.values()];
}
