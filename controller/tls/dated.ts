import type { Resource } from '#controller/api/gen/types.d.ts';
import { authorityWindows } from './trust.ts';
import { certificateWindows } from './certificate.ts';
import { keysOf } from './data.ts';
import { revocationWindows } from './revocations.ts';
import { nextMoment } from './window.ts';

/**
 * The first moment after `now` at which an object is judged otherwise though nobody changes it: certificates, authorities or
 * lists of revocations in it begin to be good, or are over. `undefined` where there is none.
 */
export function changesAt(resource: Resource, now: number): number | undefined {
  if (resource.kind !== 'Secret' && resource.kind !== 'ConfigMap') return undefined;
  const pair = resource.kind === 'Secret' && resource.type === 'kubernetes.io/tls' ? certificateWindows(resource) : [];
  // Without authorities of its own a pair is one itself: the same certificates, which are parsed once.
  const isBoth = pair.length > 0 && !keysOf(resource).includes('ca.crt');
  return nextMoment([...pair, ...(isBoth ? [] : authorityWindows(resource)), ...revocationWindows(resource)], now);
}
