import { fromBinary } from '@bufbuild/protobuf';
import { schema } from '#proto/load.ts';
import type { ResourcePatchIr } from '../ir/patch.ts';
import type { ProxyIr, SocketIr } from '../ir/proxy.ts';
import { lower } from './lower.ts';
import { resourceBody } from './resource-body.ts';
import type { XdsResource } from './snapshot.ts';

/** The sockets that a proxy will bind, with what patches make of them. */
export function boundSockets(ir: ProxyIr): readonly SocketIr[] {
  const own = ir.listeners.map(({ name, address, bothFamilies, port, protocol }): SocketIr => ({
    listener: name,
    address,
    ...(bothFamilies === undefined ? {} : { bothFamilies }),
    port,
    protocol,
  }));
  const patches = (ir.patches ?? []).filter(({ type }) => type === 'listener');
  if (patches.length === 0) return own;
  return [...lower(ir, undefined).listener.values()].flatMap((resource) => {
    const known = own.find(({ listener }) => listener === resource.name);
    if (!patches.some(({ name }) => name === resource.name)) return known ?? [];
    return patchedSockets(resource, patches, known);
  });
}

/** A patch that leaves the socket as it was does not make it the policy's. */
function patchedSockets(
  { name, wire }: XdsResource,
  patches: readonly ResourcePatchIr[],
  own: SocketIr | undefined,
): readonly SocketIr[] {
  const { address, additionalAddresses } = fromBinary(schema('envoy.config.listener.v3.Listener'), resourceBody(wire));
  const policies = new Set(patches.filter((patch) => patch.name === name).map(({ policy }) => policy));
  return [address, ...additionalAddresses.map((additional) => additional.address)].flatMap((each): SocketIr[] => {
    if (each?.address.case !== 'socketAddress') return [];
    const { value } = each.address;
    if (value.portSpecifier.case !== 'portValue') return [];
    const socket = {
      address: value.address,
      ...(value.ipv4Compat ? { bothFamilies: true as const } : {}),
      port: value.portSpecifier.value,
      protocol: PROTOCOL[value.protocol],
    } as const;
    const isSame = own !== undefined && own.address === socket.address && own.port === socket.port;
    return [isSame && own.protocol === socket.protocol ? own : { listener: name, ...socket, patchedBy: [...policies] }];
  });
}

/** `envoy.config.core.v3.SocketAddress.Protocol` in our words. */
const PROTOCOL = { 0: 'TCP', 1: 'UDP' } as const;
