import { beforeEach, describe, expect, it } from 'vitest';
import { manualClock } from '../../runtime/testing/manual-clock.ts';
import { ModuleStore, type ModuleReceiver, type WasmModule } from './module-store.ts';

const A = `sha256:${'a'.repeat(64)}`;
const B = `sha256:${'b'.repeat(64)}`;
const pathOf = (digest: string): string => `/modules/${digest.slice(7, 8)}`;

/** An agent that notes what it is told. */
function agent(): ModuleReceiver & { readonly told: string[] } {
  const told: string[] = [];
  return {
    told,
    send: async ({ digest }: WasmModule) => void told.push(`send ${digest.slice(7, 8)}`),
    retain: (digests) => told.push(`retain ${digests.map((digest) => digest.slice(7, 8)).join()}`),
  };
}

let known: Set<string>;
let ready: number;
let clock: ReturnType<typeof manualClock>;
let store: ModuleStore;
beforeEach(() => {
  known = new Set([A, B]);
  ready = 0;
  clock = manualClock();
  store = new ModuleStore({
    load: async (digest) => (known.has(digest) ? { digest, bytes: new Uint8Array(1) } : undefined),
    onReady: () => (ready += 1),
    clock,
  });
});

const settled = async (): Promise<void> => {
  for (let i = 0; i < 20; i += 1) await Promise.resolve();
};

describe('modules of a proxy', () => {
  it('are sent once, when an agent is there that does not have them', async () => {
    const one = agent();
    store.want([A, B]);
    await settled();
    store.connected(one, new Map([[A, pathOf(A)]]));
    store.want([A, B]);
    await settled();
    expect(one.told).toEqual(['send b']);
    expect(store.path(A)).toBe(pathOf(A));
    expect(store.path(B)).toBeUndefined();
    store.ready(one, B, pathOf(B));
    expect(store.path(B)).toBe(pathOf(B));
    expect(ready).toBe(2);
  });

  it('are sent to the next agent if the one before never confirmed them', async () => {
    const [one, two] = [agent(), agent()];
    store.want([A]);
    store.connected(one, new Map());
    await settled();
    store.disconnected(one);
    store.connected(two, new Map());
    await settled();
    expect(one.told).toEqual(['send a']);
    expect(two.told).toEqual(['send a']);
  });

  it('that cannot be had are asked for again when they are wanted again', async () => {
    const one = agent();
    known.delete(A);
    store.connected(one, new Map());
    store.want([A, B]);
    await settled();
    expect(one.told).toEqual(['send b']);
    known.add(A);
    store.want([A, B]);
    await settled();
    expect(one.told).toEqual(['send b', 'send a']);
  });

  it('that an agent could not store are sent again after a pause that grows, and not once they are stored', async () => {
    const one = agent();
    store.connected(one, new Map());
    store.want([A]);
    await settled();
    for (const pause of [1_000, 2_000, 4_000]) {
      const before = one.told.length;
      store.rejected(one, A);
      clock.pass(pause - 1);
      await settled();
      expect(one.told).toHaveLength(before);
      clock.pass(1);
      await settled();
      expect(one.told).toHaveLength(before + 1);
    }
    store.ready(one, A, pathOf(A));
    clock.pass(600_000);
    await settled();
    expect(one.told).toHaveLength(4);
  });
});

describe('modules that are let go', () => {
  const both = new Map([
    [A, pathOf(A)],
    [B, pathOf(B)],
  ]);

  it('are forgotten before the agent is told, and told once', () => {
    const paths: (string | undefined)[] = [];
    store.connected({ send: async () => undefined, retain: () => paths.push(store.path(B)) }, both);
    store.want([A]);
    store.retain([A]);
    store.retain([A]);
    expect(paths).toEqual([undefined]);
  });

  it('while they are on their way are not used when they arrive, and are let go again', async () => {
    const one = agent();
    store.connected(one, new Map());
    store.want([B]);
    await settled();
    store.want([]);
    store.retain([]);
    store.ready(one, B, pathOf(B));
    expect(store.path(B)).toBeUndefined();
    store.retain([]);
    expect(one.told).toEqual(['send b', 'retain ', 'retain ']);
  });

  it('are sent again when they are wanted again', async () => {
    const one = agent();
    store.connected(one, new Map([[B, pathOf(B)]]));
    store.retain([A]);
    store.want([B]);
    await settled();
    expect(one.told).toEqual(['retain a', 'send b']);
    store.ready(one, B, pathOf(B));
    expect(store.path(B)).toBe(pathOf(B));
  });

  it('are never those that are wanted', async () => {
    const one = agent();
    store.connected(one, new Map([[A, pathOf(A)]]));
    store.want([A]);
    store.retain([]);
    expect(one.told).toEqual(['retain a']);
    expect(store.path(A)).toBe(pathOf(A));
  });
});

describe('the modules of a pod', () => {
  it('are those that its own agent has, whatever agents of other pods have', async () => {
    const [one, two] = [agent(), agent()];
    store.want([A, B]);
    store.connected(one, new Map([[A, pathOf(A)]]), 'one');
    store.connected(two, new Map(), 'two');
    await settled();
    store.ready(one, B, pathOf(B));
    const held = (pod: string): readonly unknown[] => {
      const modules = store.of(pod);
      return [modules.holds(pathOf(A)), modules.holds(pathOf(B)), modules.isComplete];
    };
    expect(held('one')).toEqual([true, true, true]);
    expect(held('two')).toEqual([false, false, false]);
    store.ready(two, B, pathOf(B));
    expect(held('two')).toEqual([false, true, false]);
    expect(held('three')).toEqual([false, false, false]);
  });

  it('are complete without what cannot be had or stored, and its agent is told not to wait for that', async () => {
    const wanted: string[] = [];
    const receiver: ModuleReceiver = {
      send: async () => undefined,
      retain: () => undefined,
      want: (digests) => wanted.push(digests.map((digest) => digest.slice(7, 8)).join()),
    };
    const own = 'one';
    known.delete(A);
    store.want([A, B]);
    store.connected(receiver, new Map(), own);
    expect(store.of(own).isComplete).toBe(false);
    await settled();
    expect([store.of(own).isComplete, ready]).toEqual([false, 1]);
    store.rejected(receiver, B);
    expect([store.of(own).isComplete, ready]).toEqual([true, 2]);
    expect(wanted).toEqual(['a,b', 'b', '']);
    expect(store.of('two').isComplete).toBe(false);
  });
});
