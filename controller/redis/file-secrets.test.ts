import { expect, it } from 'vitest';
import type { Provider, ResourceBatch, ResourceEvent } from '../provider/provider.ts';
import { FileSecrets } from './file-secrets.ts';
import { secret } from './testing/secrets.ts';

it('the Secrets of a namespace among manifests are known with all else, before it is made use of', async () => {
  const told: string[] = [];
  let tell: (batch: ResourceBatch) => void = () => undefined;
  const provider: Provider = {
    start: (onBatch) => {
      tell = onBatch;
      return Promise.resolve(() => Promise.resolve());
    },
  };
  const secrets = new FileSecrets('system', ['redis']);
  const seen = (): string => secrets.read('redis')?.kind ?? 'unknown';
  const note = (when: string) => () => void told.push(`${when}: ${seen()}`);
  await secrets.along(provider, { before: note('before'), after: note('after') }).start(note('batch'));
  expect(seen()).toBe('unknown');
  const made = secret('redis', { url: 'a:1' });
  const upsert = (name: string, namespace = 'system'): readonly ResourceEvent[] =>
    made?.kind === 'secret'
      ? [{ kind: 'upsert', key: `/Secret/${namespace}/${name}`, resource: made.secret, source: { kind: 'cluster' } }]
      : [];
  tell([{ kind: 'synced' }]);
  expect(told.splice(0)).toEqual(['before: unusable', 'batch: unusable', 'after: unusable']);
  tell(upsert('redis'));
  expect(told.splice(0)).toEqual(['before: secret', 'batch: secret', 'after: secret']);
  tell([...upsert('other'), ...upsert('redis', 'shop')]);
  expect(told.splice(0)).toEqual(['batch: secret']);
  tell([{ kind: 'delete', key: '/Secret/system/redis' }]);
  expect(told.splice(0)).toEqual(['before: unusable', 'batch: unusable', 'after: unusable']);
});
