import { enumMembers } from '#proto/load.ts';
import type { ClientSocketIr } from '../../ir/client-traffic.ts';
import type { TcpKeepaliveIr } from '../../ir/cluster-settings.ts';
import { any, duration, type Init } from './message.ts';

type Listener = Init<'envoy.config.listener.v3.Listener'>;
type SocketOption = Init<'envoy.config.core.v3.SocketOption'>;

/** How the socket of a listener takes connections, or datagrams: Linux refuses what only connections have for these. */
export function socketSettings(ir: ClientSocketIr, protocol: 'TCP' | 'UDP'): Listener {
  const { tcpKeepalive, bufferLimit, socketBufferLimit, maxAcceptPerEvent, inspectionTimeout } = ir;
  const socketOptions = [
    ...(tcpKeepalive === undefined || protocol === 'UDP' ? [] : keepalive(tcpKeepalive)),
    ...(socketBufferLimit === undefined ? [] : buffers(socketBufferLimit)),
  ];
  return {
    ...(bufferLimit === undefined ? {} : { perConnectionBufferLimitBytes: bufferLimit }),
    ...(socketOptions.length === 0 ? {} : { socketOptions }),
    ...(maxAcceptPerEvent === undefined || maxAcceptPerEvent === 0
      ? {}
      : { maxConnectionsToAcceptPerSocketEvent: maxAcceptPerEvent }),
    ...(inspectionTimeout === undefined ? {} : { listenerFiltersTimeout: duration(inspectionTimeout) }),
  };
}

const { STATE_PREBIND } = enumMembers('envoy.config.core.v3.SocketOption.SocketState');

/** Linux: `SOL_SOCKET`, `IPPROTO_TCP`, and their options (socket(7), tcp(7)). */
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
const SO_KEEPALIVE = 9;
const IPPROTO_TCP = 6;
const TCP_KEEPIDLE = 4;
const TCP_KEEPINTVL = 5;
const TCP_KEEPCNT = 6;

function keepalive({ probes, idleTime, interval }: TcpKeepaliveIr): SocketOption[] {
  return [
    option(SOL_SOCKET, SO_KEEPALIVE, 1),
    ...(probes === undefined ? [] : [option(IPPROTO_TCP, TCP_KEEPCNT, probes)]),
    ...(idleTime === undefined ? [] : [option(IPPROTO_TCP, TCP_KEEPIDLE, idleTime)]),
    ...(interval === undefined ? [] : [option(IPPROTO_TCP, TCP_KEEPINTVL, interval)]),
  ];
}

/** Connections have those of the socket that takes them; they have to be set before it listens (tcp(7)). */
function buffers(bytes: number): SocketOption[] {
  return [option(SOL_SOCKET, SO_SNDBUF, bytes), option(SOL_SOCKET, SO_RCVBUF, bytes)];
}

function option(level: number, name: number, value: number): SocketOption {
  return {
    level: BigInt(level),
    name: BigInt(name),
    value: { case: 'intValue', value: BigInt(value) },
    state: STATE_PREBIND,
  };
}

/** Reads the PROXY protocol, before anything else of a connection is read. */
export function proxyProtocolFilters({
  proxyProtocol,
}: ClientSocketIr): readonly Init<'envoy.config.listener.v3.ListenerFilter'>[] {
  if (proxyProtocol === undefined) return [];
  return [
    {
      name: 'envoy.filters.listener.proxy_protocol',
      configType: {
        case: 'typedConfig',
        value: any('envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol', {
          allowRequestsWithoutProxyProtocol: proxyProtocol.optional,
        }),
      },
    },
  ];
}
