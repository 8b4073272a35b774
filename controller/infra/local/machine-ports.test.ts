import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import type { PortState, Socket } from '../../gateway/port-claims.ts';
import { MachinePorts } from './machine-ports.ts';
import { describeProcess, holdersOf } from './port-holder.ts';
import { type Probe, probePort } from './port-probe.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** Listens on a port of the kernel's choice. */
async function listen(): Promise<Socket> {
  const server = createServer().listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const address = server.address();
  return { address: '127.0.0.1', port: typeof address === 'object' ? (address?.port ?? 0) : 0, protocol: 'TCP' };
}

/** What the book says of a socket once it has been looked at. */
async function look(
  socket: Socket,
  options: { readonly probe?: (socket: Socket) => Promise<Probe>; readonly ours?: string } = {},
): Promise<PortState> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const ports = new MachinePorts({
    proxyOf: (pid) => (pid === process.pid ? options.ours : undefined),
    changed: resolve,
    log: pino({ level: 'silent' }),
    ...(options.probe === undefined ? {} : { probe: options.probe }),
  });
  expect(ports.at('default/a', socket)).toEqual({ kind: 'unknown' });
  ports.want([{ ...socket, proxy: 'default/a' }]);
  await promise;
  ports.stop();
  return ports.at('default/a', socket);
}

describe('a socket that a proxy wants', () => {
  it('is free when it can be bound', async () => {
    const socket = await listen();
    servers.pop()?.close();
    expect(await look(socket)).toEqual({ kind: 'free' });
  });

  it('is not available when another process has it, which is named', async () => {
    expect(await look(await listen())).toEqual({
      kind: 'unavailable',
      reason: `is held by process ${process.pid} (node)`,
    });
  });

  it('is not available on any address while another process has it on one', async () => {
    const socket = { ...(await listen()), address: '0.0.0.0' };
    expect(await look(socket)).toMatchObject({ kind: 'unavailable' });
  });

  it('is free when it is the proxy’s own Envoy that has it', async () => {
    expect(await look(await listen(), { ours: 'default/a' })).toEqual({ kind: 'free' });
  });

  it('is not available while the Envoy of another Gateway has it', async () => {
    expect(await look(await listen(), { ours: 'default/b' })).toEqual({
      kind: 'unavailable',
      reason: 'is still held by the proxy of Gateway default/b',
    });
  });

  it('is not available on an address that the machine does not have', async () => {
    expect(await look({ address: '192.0.2.1', port: 8080, protocol: 'TCP' })).toMatchObject({
      kind: 'unavailable',
      reason: expect.stringContaining('does not have the address'),
    });
  });
});

describe('a privileged port that may not be bound', () => {
  const socket = { address: '0.0.0.0', port: 80, protocol: 'TCP' } as const;

  it('is shifted by 10000', async () => {
    const probe = ({ port }: Socket): Promise<Probe> => Promise.resolve(port < 1024 ? 'forbidden' : 'free');
    expect(await look(socket, { probe })).toEqual({ kind: 'shifted', port: 10_080 });
  });

  it('is not available when the shifted port is not', async () => {
    const probe = ({ port }: Socket): Promise<Probe> => Promise.resolve(port < 1024 ? 'forbidden' : 'held');
    expect(await look(socket, { probe })).toEqual({
      kind: 'unavailable',
      reason: 'is privileged, and port 10080 is held by another process',
    });
  });
});

describe('the holder of a socket', () => {
  it('is found by what it listens on', async () => {
    expect(holdersOf(await listen())).toEqual([process.pid]);
    expect(describeProcess(process.pid)).toBe(`process ${process.pid} (node)`);
  });

  it('may be of UDP, too', async () => {
    const { createSocket } = await import('node:dgram');
    const udp = createSocket('udp4').bind({ port: 0, address: '127.0.0.1' });
    await once(udp, 'listening');
    const socket = { address: '127.0.0.1', port: udp.address().port, protocol: 'UDP' } as const;
    expect(await probePort(socket)).toBe('held');
    expect(holdersOf(socket)).toEqual([process.pid]);
    udp.close();
    await once(udp, 'close');
    expect(await probePort(socket)).toBe('free');
  });
});
