import type { ClientTlsIr } from '../ir/client-traffic.ts';
import type { TlsIr } from '../ir/listener.ts';
import type { ListenerState } from './listeners.ts';

/** How a listener terminates TLS; what a policy says of its clients goes before what its Gateway says. */
export function termination(listener: ListenerState, client: ClientTlsIr | undefined): TlsIr {
  const clients = client?.clients ?? listener.clients;
  return {
    hostname: hostnameOf(listener),
    certificates: listener.certificates.map(({ name }) => name),
    ...client,
    ...(clients === undefined ? {} : { clients }),
  };
}

/** The host name of a listener, "*" where it has none. */
export function hostnameOf({ spec }: ListenerState): string {
  return spec.hostname?.toLowerCase() ?? '*';
}
