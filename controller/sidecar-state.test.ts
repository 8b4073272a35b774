import { expect, it } from 'vitest';
import { fromBinary } from '@bufbuild/protobuf';
import { DEFAULT_FETCH_SETTINGS } from '#extproc/outbound/fetch-settings.ts';
import { readCounting } from '#extproc/rate-limit/read-counting.ts';
import { schema } from '#proto/load.ts';
import type { Counting } from './redis/counting.ts';
import { sidecarStates } from './sidecar-state.ts';
import { encode } from './xds/build/message.ts';

/** Where a sidecar counts that is told where to. */
function told(counting: Counting | undefined, countTimeout?: number, caBundle?: string) {
  const states = sidecarStates({
    loginKeys: { session: [], sealing: [] },
    fetch: { ...DEFAULT_FETCH_SETTINGS, caBundle },
    counting: () => counting,
    countTimeout,
  });
  const bytes = encode('sluice.agent.v1.SidecarState', states([]));
  return readCounting(fromBinary(schema('sluice.agent.v1.SidecarState'), Uint8Array.from(bytes)));
}

const url = 'rediss://redis:6379';
const plain = { kind: 'redis', url, certificate: undefined, authorities: undefined } as const;
const certificate = { chain: 'chain', key: 'key' };

it.each<readonly [string, Parameters<typeof told>, ReturnType<typeof told>]>([
  ['nothing while it is not known', [undefined], undefined],
  ['that it counts in memory', [{ kind: 'memory' }, 20], { kind: 'memory' }],
  ['that it cannot count', [{ kind: 'nowhere', impediment: 'why' }], { kind: 'nowhere', impediment: 'why' }],
  ['which Redis it counts in', [plain], { kind: 'redis', url }],
  ['how long Redis may take: half of what a request waits', [plain, 20], { kind: 'redis', url, patience: 10 }],
  [
    'what to show to it and whom to trust',
    [{ ...plain, certificate, authorities: 'two' }, undefined, 'one'],
    { kind: 'redis', url, ca: 'one\ntwo', tls: { certificate: 'chain', key: 'key' } },
  ],
])('a sidecar is told %s', (_, counting, expected) => {
  expect(told(...counting)).toEqual(expected);
});
