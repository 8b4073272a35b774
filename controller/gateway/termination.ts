import type { TlsIr } from '../ir/listener.ts';
import type { ListenerState } from './listeners.ts';

/** How a listener terminates TLS. */
export function termination(listener: ListenerState): TlsIr {
  return {
    hostname: hostnameOf(listener),
    certificates: listener.certificates.map(({ name }) => name),
    ...(listener.clients === undefined ? {} : { clients: listener.clients }),
  };
}

/** The host name of a listener, "*" where it has none. */
export function hostnameOf({ spec }: ListenerState): string {
  return spec.hostname?.toLowerCase() ?? '*';
}
