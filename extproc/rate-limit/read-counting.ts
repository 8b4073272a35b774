import type { MessageTypes } from '#proto/load.ts';
import type { CountIn } from './leases.ts';

/** Where to count, by what the controller says; `undefined` when it says nothing of it. */
export function readCounting({ counting }: MessageTypes['sluice.agent.v1.SidecarState']): CountIn | undefined {
  if (counting === undefined) return undefined;
  const { redisUrl: url, caBundle, certificate, privateKey: key, timeout, impediment } = counting;
  if (impediment !== '') return { kind: 'nowhere', impediment };
  if (url === '') return { kind: 'memory' };
  return {
    kind: 'redis',
    url,
    ...(caBundle === '' ? {} : { ca: caBundle }),
    ...(certificate === '' && key === '' ? {} : { tls: { certificate, key } }),
    ...(timeout === 0 ? {} : { patience: timeout / 2 }),
  };
}
