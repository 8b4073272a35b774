import type { ClientIPDetectionSettings } from '#controller/api/gen/types.d.ts';
import type { ClientAddressIr, NetworkIr } from '../../ir/client-traffic.ts';

/** Translates where the address of a client comes from (Envoy Gateway API, `ClientIPDetectionSettings`). */
export function translateClientAddress(spec: ClientIPDetectionSettings): ClientAddressIr {
  const { xForwardedFor, customHeader } = spec;
  if (customHeader !== undefined) {
    return { kind: 'header', name: customHeader.name.toLowerCase(), failClosed: customHeader.failClosed ?? false };
  }
  if (xForwardedFor === undefined) return { kind: 'direct' };
  const { numTrustedHops, trustedCIDRs, disableXForwardedForAppend } = xForwardedFor;
  const appends = disableXForwardedForAppend !== true;
  if (trustedCIDRs !== undefined) return { kind: 'networks', networks: trustedCIDRs.map(network), appends };
  return { kind: 'hops', hops: numTrustedHops ?? 0, appends };
}

function network(text: string): NetworkIr {
  const [address = '', length] = text.split('/');
  return { address, prefixLength: length === undefined ? (address.includes(':') ? 128 : 32) : Number(length) };
}
