import { afterEach, describe, expect, it } from 'vitest';
import type { Provider, ResourceBatch, ResourceEvent, Stop } from './provider.ts';

/** What a provider under test is driven by: a store of YAML documents, one object each, by a name of the test's choice. */
export type ProviderHarness = {
  readonly provider: Provider;
  /** Writes documents under a name, as one change. */
  readonly write: (name: string, documents: readonly string[]) => Promise<void>;
  readonly remove: (name: string) => Promise<void>;
  readonly dispose: () => Promise<void>;
};

function backend(name: string, port: number): string {
  return `apiVersion: gateway.envoyproxy.io/v1alpha1
kind: Backend
metadata:
  name: ${name}
spec:
  endpoints:
  - ip: { address: 127.0.0.1, port: ${port} }
`;
}

const key = (name: string) => `gateway.envoyproxy.io/Backend/default/${name}`;

/** The promises of `Provider`, held against one implementation. */
export function describeProviderContract(name: string, setUp: () => Promise<ProviderHarness>): void {
  describe(`${name} keeps the contract of a provider`, () => {
    let stop: Stop | undefined;
    let harness: ProviderHarness | undefined;
    afterEach(async () => {
      await stop?.();
      await harness?.dispose();
      stop = undefined;
    });

    async function start(documents: { readonly [name: string]: readonly string[] }) {
      harness = await setUp();
      for (const [file, texts] of Object.entries(documents)) await harness.write(file, texts);
      const batches: ResourceBatch[] = [];
      stop = await harness.provider.start((batch) => batches.push(batch));
      return { batches, harness };
    }

    it('tells everything that exists in its first batch, synced last, before start resolves', async () => {
      const { batches } = await start({ one: [backend('a', 1), backend('b', 2)] });
      expect(batches).toHaveLength(1);
      expect(batches[0]?.map(brief)).toEqual([`upsert ${key('a')}`, `upsert ${key('b')}`, 'synced']);
    });

    it('is synced when there is nothing', async () => {
      const { batches } = await start({});
      expect(batches).toEqual([[{ kind: 'synced' }]]);
    });

    it('yields defaulted and frozen resources', async () => {
      const { batches } = await start({ one: [backend('a', 1)] });
      const resource = upserts(batches)[0]?.resource;
      expect(resource).toMatchObject({
        metadata: { namespace: 'default', generation: 1 },
        spec: { type: 'Endpoints' },
      });
      expect(Object.isFrozen(resource) && Object.isFrozen(resource?.metadata)).toBe(true);
    });

    it('tells the changes of one write in one batch, and nothing of what did not change', async () => {
      const { batches, harness: at } = await start({ one: [backend('a', 1), backend('b', 2), backend('c', 3)] });
      await at.write('one', [backend('a', 1), backend('b', 9), backend('d', 4)]);
      await expect.poll(() => batches.length).toBe(2);
      expect(batches[1]?.map(brief).sort()).toEqual([`delete ${key('c')}`, `upsert ${key('b')}`, `upsert ${key('d')}`]);
    });

    it('deletes what is removed and takes it back when it returns', async () => {
      const { batches, harness: at } = await start({ one: [backend('a', 1)] });
      await at.remove('one');
      await expect.poll(() => batches.at(-1)?.map(brief)).toEqual([`delete ${key('a')}`]);
      await at.write('one', [backend('a', 1)]);
      await expect.poll(() => batches.at(-1)?.map(brief)).toEqual([`upsert ${key('a')}`]);
    });

    it('keeps the last good object while it is broken, and tells what is wrong until it is mended', async () => {
      const { batches, harness: at } = await start({ one: [backend('a', 1)] });
      await at.write('one', [backend('a', 1).replace('endpoints:', 'endpoint:')]);
      await expect.poll(() => batches.length).toBe(2);
      expect(batches[1]?.map(({ kind }) => kind)).toContain('problem');
      expect(batches[1]?.map(({ kind }) => kind)).not.toContain('delete');
      await at.write('one', [backend('a', 2)]);
      await expect
        .poll(() =>
          batches
            .at(-1)
            ?.map(({ kind }) => kind)
            .toSorted(),
        )
        .toEqual(['problem-cleared', 'upsert']);
    });

    it('tells a key once in a batch, also where it moves from one place to another', async () => {
      const { batches, harness: at } = await start({ one: [backend('a', 1)], two: [] });
      await at.write('two', [backend('a', 2)]);
      await at.remove('one');
      await expect
        .poll(() => upserts(batches).at(-1)?.resource)
        .toMatchObject({
          spec: { endpoints: [{ ip: { port: 2 } }] },
        });
      for (const batch of batches) {
        const keys = batch.flatMap((event) => ('key' in event ? [event.key] : []));
        expect(keys).toEqual([...new Set(keys)]);
      }
      expect(batches.flat().map(brief)).not.toContain(`delete ${key('a')}`);
    });

    it('hands over no batch while it hands one over', async () => {
      harness = await setUp();
      const at = harness;
      await at.write('one', [backend('a', 1)]);
      let isAtIt = false;
      const nested: boolean[] = [];
      const written: Promise<void>[] = [];
      stop = await at.provider.start(() => {
        nested.push(isAtIt);
        isAtIt = true;
        if (nested.length === 1) written.push(at.write('one', [backend('a', 2)]));
        isAtIt = false;
      });
      await Promise.all(written);
      await expect.poll(() => nested.length).toBe(2);
      expect(nested).toEqual([false, false]);
    });

    it('keeps silent once stopped', async () => {
      const { batches, harness: at } = await start({ one: [backend('a', 1)] });
      await stop?.();
      await at.write('one', [backend('a', 2)]);
      await new Promise((resolve) => {
        setTimeout(resolve, 150);
      });
      expect(batches).toHaveLength(1);
    });
  });
}

/** An event in one line. */
export function brief(event: ResourceEvent): string {
  switch (event.kind) {
    case 'upsert':
    case 'delete':
      return `${event.kind} ${event.key}`;
    case 'problem':
      return `problem ${event.problem.reason} ${event.problem.message}`;
    case 'problem-cleared':
      return 'problem-cleared';
    case 'synced':
      return 'synced';
    default:
      throw new Error('unexpected event');
  }
}

/** The upserts of batches, in order. */
export function upserts(batches: readonly ResourceBatch[]) {
  return batches.flat().filter((event) => event.kind === 'upsert');
}
