import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import type { Socket } from '../../gateway/port-claims.ts';

/**
 * What binding a socket comes to.
 *
 * - `free`: it can be bound
 * - `held`: another socket has it
 * - `forbidden`: this user may not bind it (a port below `net.ipv4.ip_unprivileged_port_start`)
 * - `no-address`: the address is none of this machine's
 */
export type Probe = 'free' | 'held' | 'forbidden' | 'no-address';

/**
 * Binds a socket for a moment, without SO_REUSEPORT: Envoy binds with it, so two Envoys on one port would both succeed and
 * split the connections between them (socket(7)).
 */
export async function probePort({ address, port, protocol }: Socket): Promise<Probe> {
  const code = await (protocol === 'UDP' ? bindUdp(address, port) : bindTcp(address, port));
  switch (code) {
    case undefined:
      return 'free';
    case 'EACCES':
    case 'EPERM':
      return 'forbidden';
    case 'EADDRNOTAVAIL':
    case 'EAFNOSUPPORT':
    case 'EINVAL':
    case 'ENOTFOUND':
      return 'no-address';
    default:
      return 'held';
  }
}

function bindTcp(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer((connection) => connection.destroy());
    server.once('error', (error) => resolve(codeOf(error)));
    server.listen({ host, port, exclusive: true, ipv6Only: host.includes(':'), backlog: 1 }, () => {
      server.close(() => resolve(undefined));
    });
  });
}

function bindUdp(address: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const isV6 = address.includes(':');
    const socket = createSocket({ type: isV6 ? 'udp6' : 'udp4', ipv6Only: isV6, reuseAddr: false });
    socket.once('error', (error) => {
      socket.close();
      resolve(codeOf(error));
    });
    socket.bind({ address, port, exclusive: true }, () => socket.close(() => resolve(undefined)));
  });
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : 'EADDRINUSE';
}
