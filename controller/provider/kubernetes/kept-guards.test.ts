import { describe, expect, it } from 'vitest';
import type { ApiAnswer, ApiServer } from '#controller/kubernetes/api-server.ts';
import { keyOf } from '../key.ts';
import { KeptGuards } from './kept-guards.ts';

const guard = (namespace: string, name = 'guard') => keyOf('gateway.envoyproxy.io', 'SecurityPolicy', namespace, name);
const route = (namespace: string) => keyOf('gateway.networking.k8s.io', 'HTTPRoute', namespace, 'shop');

function kept({ known = [] }: { readonly known?: readonly string[] } = {}) {
  /** Namespaces that were asked for and not answered for yet, the first first. */
  const open: { readonly name: string; readonly answer: (answer: ApiAnswer) => void }[] = [];
  const released: string[] = [];
  const pauses: { readonly ms: number; readonly act: () => void }[] = [];
  const server: ApiServer = {
    ask: ({ query, signal }) =>
      new Promise((resolve, reject) => {
        open.push({ name: query?.['fieldSelector']?.split('=')[1] ?? '', answer: resolve });
        signal?.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
      }),
    watch: () => new Promise(() => undefined),
    close: () => undefined,
  };
  const guards = new KeptGuards({
    server,
    clock: { now: () => 0, after: (ms, act) => (pauses.push({ ms, act }), () => undefined) },
    random: () => 0,
    health: { fine: () => undefined, failed: () => undefined },
    isRead: ({ labels }) => labels === undefined,
    isKnown: (namespace) => known.includes(namespace),
    release: (key) => released.push(key),
  });
  const asked = (): readonly string[] => open.map(({ name }) => name);
  /** Answers what was asked first, and lets that be heard. */
  const answer = async (metadata: object | undefined): Promise<void> => {
    const { name = '', answer: tell = () => undefined } = open.shift() ?? {};
    const items = metadata === undefined ? [] : [{ metadata: { name, ...metadata } }];
    tell({ status: 200, body: { items }, retryAfter: undefined });
    await new Promise(setImmediate);
  };
  return { guards, asked, answer, open, released, pauses };
}

describe('policies that are gone', () => {
  it('are let go once their namespace is known to be there, those that went meanwhile when it is known again', async () => {
    const { guards, asked, answer, released } = kept();
    guards.lost(guard('a'));
    guards.lost(guard('a'));
    guards.lost(guard('a', 'second'));
    expect(asked()).toEqual(['a']);
    await answer({});
    expect(released).toEqual([guard('a')]);
    expect(asked()).toEqual(['a']);
    await answer({});
    expect(released).toEqual([guard('a'), guard('a', 'second')]);
    expect(asked()).toEqual([]);
  });

  it('are kept where they are there again', async () => {
    const { guards, answer, released } = kept();
    guards.lost(guard('a'));
    guards.there(guard('a'));
    await answer({});
    expect(released).toEqual([]);
  });

  it.each([
    ['is being deleted', { deletionTimestamp: '2026-01-01T00:00:00Z' }],
    ['is not read any more', { labels: {} }],
    ['is gone, of which its watch has not told', undefined],
  ])('are kept where their namespace %s, and asked for when something is heard of it', async (_, metadata) => {
    const { guards, asked, answer, released } = kept({ known: ['a'] });
    guards.lost(guard('a'));
    await answer(metadata);
    expect(released).toEqual([]);
    // It is another one of the same name, or is read again.
    guards.namespaceThere({ name: 'a' });
    expect(asked()).toEqual(['a']);
    await answer({});
    expect(released).toEqual([guard('a')]);
  });

  it('go with the last of a namespace that is gone, and are not asked for', () => {
    const { guards, asked, released } = kept();
    guards.namespaceThere({ name: 'a', deletionTimestamp: '2026-01-01T00:00:00Z' });
    guards.lost(guard('a'));
    guards.namespaceLost('a', [route('a')]);
    guards.lost(guard('a', 'second'));
    guards.otherThere(route('a'));
    expect([...asked(), ...released]).toEqual([]);
    guards.otherLost(route('a'));
    expect(released).toEqual([guard('a'), guard('a', 'second')]);
  });

  it('of many namespaces are asked for a few at a time, and of none after the end', async () => {
    const { guards, asked, answer, released, open } = kept();
    for (let index = 0; index < 20; index += 1) guards.lost(guard(`n${index}`));
    expect(asked()).toHaveLength(8);
    await answer({});
    expect(asked()).toHaveLength(8);
    open.splice(0);
    guards.stop();
    await new Promise(setImmediate);
    expect(asked()).toEqual([]);
    expect(released).toHaveLength(1);
  });

  it('are kept while nobody answers, who is asked no earlier than told', async () => {
    const { guards, asked, answer, released, open, pauses } = kept();
    guards.lost(guard('a'));
    open.shift()?.answer({ status: 429, body: undefined, retryAfter: 40_000 });
    await expect.poll(() => pauses.map(({ ms }) => ms)).toEqual([40_000]);
    expect([...asked(), ...released]).toEqual([]);
    pauses[0]?.act();
    await expect.poll(asked).toEqual(['a']);
    await answer({});
    expect(released).toEqual([guard('a')]);
  });
});
