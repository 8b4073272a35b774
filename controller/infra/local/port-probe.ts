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
export async function probePort(socket: Socket): Promise<Probe> {
  const code = await (socket.protocol === 'UDP' ? bindUdp(socket) : bindTcp(socket));
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

function bindTcp({ address: host, bothFamilies, port }: Socket): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer((connection) => connection.destroy());
    server.once('error', (error) => resolve(codeOf(error)));
    server.listen(
      { host, port, exclusive: true, ipv6Only: host.includes(':') && bothFamilies !== true, backlog: 1 },
      () => {
        server.close(() => resolve(undefined));
      },
    );
  });
}

function bindUdp({ address, bothFamilies, port }: Socket): Promise<string | undefined> {
  return new Promise((resolve) => {
    const isV6 = address.includes(':');
    const socket = createSocket({
      type: isV6 ? 'udp6' : 'udp4',
      ipv6Only: isV6 && bothFamilies !== true,
      reuseAddr: false,
    });
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
