import type { MessageTypes } from '#proto/load.ts';
import type { CountIn } from './leases.ts';

/** Where to count, by what the controller says; `undefined` when it says nothing of it. */
export function readCounting({ counting }: MessageTypes['sluice.agent.v1.SidecarState']): CountIn | undefined {
  if (counting === undefined) return undefined;
  if (counting.redisUrl === '') return { kind: 'memory' };
  return { kind: 'redis', url: counting.redisUrl, ...(counting.caBundle === '' ? {} : { ca: counting.caBundle }) };
}
