import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { ChainIr, ListenerIr } from '../ir/listener.ts';
import { filterChain, isMatched, listener } from './build/listener.ts';
import { encode } from './build/message.ts';
import { signedFilters, type SignedFilters } from './http-filters.ts';
import { type XdsResource, xdsResource } from './snapshot.ts';

/** A listener is encoded again only when something of it changes that is not its routes, or these need other filters. */
export function lowerListener(ir: ListenerIr): XdsResource {
  const { frame } = ir;
  const filters = signedFilters(ir);
  const known = frame === undefined ? undefined : listenersOfFrames.get(frame);
  const signature = `${ir.name} ${ir.address} ${ir.port} ${filters.signature}`;
  if (known?.signature === signature) return known.resource;
  const resource = encodeListener(ir, filters);
  if (frame !== undefined) listenersOfFrames.set(frame, { signature, resource });
  return resource;
}

const listenersOfFrames = new WeakMap<object, { readonly signature: string; readonly resource: XdsResource }>();

function encodeListener(ir: ListenerIr, filters: SignedFilters): XdsResource {
  const socket = encode('envoy.config.listener.v3.Listener', listener(ir, filters.filters));
  const chains = ir.chains
    .flat()
    .filter(isMatched)
    .map((chain) => encodeChain(chain, filters));
  return xdsResource('listener', ir.name, chains.length === 0 ? socket : Buffer.concat([socket, ...chains]));
}

/** One of many chains, which others come and go beside, as field 3 (`filter_chains`) of `envoy.config.listener.v3.Listener`. */
function encodeChain(chain: ChainIr, { filters, signature }: SignedFilters): Uint8Array {
  // What TLS is terminated by is an object of one chain, and a new one when anything of the chain but its routes changes.
  const head = chain.kind === 'http' ? (chain.tls ?? chain) : chain;
  const known = chainsOfHeads.get(head);
  if (known?.signature === signature) return known.bytes;
  const bytes = new BinaryWriter()
    .tag(3, WireType.LengthDelimited)
    .bytes(encode('envoy.config.listener.v3.FilterChain', filterChain(chain, filters)))
    .finish();
  chainsOfHeads.set(head, { signature, bytes });
  return bytes;
}

const chainsOfHeads = new WeakMap<object, { readonly signature: string; readonly bytes: Uint8Array }>();
