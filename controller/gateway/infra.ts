import type { InfraGatewayIr, InfraIr, InfraPortIr, SocketIr } from '../ir/proxy.ts';
import { requestedHostnames, requestedIps } from './addresses.ts';
import type { GatewayState } from './gateways.ts';
import { transportOf } from './socket-groups.ts';

/** What has to exist for the proxy of these Gateways to run. */
export function infraOf(key: string, gateways: readonly GatewayState[], sockets: readonly SocketIr[]): InfraIr {
  const [first] = gateways;
  return {
    key,
    sockets,
    gatewayClass: first?.gateway.spec.gatewayClassName ?? '',
    merged: first?.merged === true,
    gateways: gateways.map(gatewayIr),
    parameters: first?.parameters,
  };
}

interface Memory {
  readonly gateway: GatewayState['gateway'];
  readonly refused: GatewayState['refused'];
  readonly ir: InfraGatewayIr;
}

const memories = new WeakMap<GatewayState['listeners'], Memory>();

/** The same object as long as the Gateway and its listeners are the same. */
function gatewayIr(state: GatewayState): InfraGatewayIr {
  const { gateway, listeners, refused } = state;
  const known = memories.get(listeners);
  if (known?.gateway === gateway && known.refused === refused) return known.ir;
  const ir = gatewayIrAnew(state);
  memories.set(listeners, { gateway, refused, ir });
  return ir;
}

function gatewayIrAnew({ gateway, listeners, refused }: GatewayState): InfraGatewayIr {
  const { metadata, spec } = gateway;
  const ports = new Map<string, InfraPortIr>();
  for (const listener of refused === undefined ? listeners : []) {
    const { name, port, protocol: application } = listener.spec;
    const protocol = transportOf(listener.spec);
    const known = `${protocol} ${port}`;
    if (listener.usable && !ports.has(known)) ports.set(known, { name, port, protocol, application });
  }
  return {
    namespace: metadata.namespace,
    name: metadata.name,
    ...(metadata.uid === undefined ? {} : { uid: metadata.uid }),
    labels: spec.infrastructure?.labels ?? {},
    annotations: spec.infrastructure?.annotations ?? {},
    addresses: requestedIps(gateway),
    hostnames: requestedHostnames(gateway),
    ports: [...ports.values()],
  };
}
