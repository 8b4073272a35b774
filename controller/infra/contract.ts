import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { Infra, OpenProxy } from './infra.ts';

/** What an infra under test is driven by. */
export type InfraHarness = {
  /** The infra as a further controller has it, on the same machine. */
  readonly controller: () => Infra;
  /** Ends a process without a word to any controller. */
  readonly kill: (pid: number) => void;
  /** Connects to the socket of a proxy, as its Envoy does. */
  readonly connect: (key: string) => Promise<void>;
  readonly dispose: () => Promise<void>;
};

async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!isSo()) {
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await sleep(10);
  }
}

/** The promises of `Infra`, held against one implementation. */
export function describeInfraContract(name: string, setUp: () => Promise<InfraHarness>): void {
  describe(`${name} keeps the contract of an infra`, () => {
    let harness: InfraHarness | undefined;
    const opened: OpenProxy[] = [];
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((proxy) => proxy.close()));
      await harness?.dispose();
    });

    async function machine(): Promise<InfraHarness> {
      harness = await setUp();
      return harness;
    }

    async function open(infra: Infra, key: string): Promise<OpenProxy> {
      const proxy = await infra.open(key);
      opened.push(proxy);
      await until('Envoy runs', () => proxy.envoyPid !== undefined);
      return proxy;
    }

    it('starts an Envoy, which is known to run', async () => {
      const infra = (await machine()).controller();
      expect(infra.isLeft('a/b')).toBe(false);
      const proxy = await open(infra, 'a/b');
      expect(proxy.restarts).toEqual({ envoy: 0, sidecar: 0 });
      await until('it is known', () => infra.isLeft('a/b'));
      expect(infra.isLeft('a/c')).toBe(false);
    });

    it('starts an Envoy again that ended, and counts it', async () => {
      const { controller, kill } = await machine();
      const proxy = await open(controller(), 'a/b');
      const first = proxy.envoyPid ?? 0;
      kill(first);
      await until('another runs', () => proxy.envoyPid !== undefined && proxy.envoyPid !== first);
      expect(proxy.restarts).toEqual({ envoy: 1, sidecar: 0 });
    });

    it('lets the next controller take an Envoy over', async () => {
      const { controller } = await machine();
      const killed = controller();
      const left = await open(killed, 'a/b');
      await until('it is known', () => killed.isLeft('a/b'));
      const next = controller();
      expect(next.isLeft('a/b')).toBe(true);
      const proxy = await open(next, 'a/b');
      expect(proxy.envoyPid).toBe(left.envoyPid);
      expect(proxy.restarts).toEqual({ envoy: 0, sidecar: 0 });
    });

    it('ends an Envoy for good', async () => {
      const infra = (await machine()).controller();
      const proxy = await open(infra, 'a/b');
      const first = proxy.envoyPid;
      await proxy.close();
      expect(infra.isLeft('a/b')).toBe(false);
      const again = await open(infra, 'a/b');
      expect(again.envoyPid).not.toBe(first);
    });

    it('ends what an earlier controller left and nobody wants, and nothing else', async () => {
      const { controller } = await machine();
      const killed = controller();
      const wanted = await open(killed, 'a/wanted');
      const other = await killed.open('a/other');
      await until('both are known', () => killed.isLeft('a/wanted') && killed.isLeft('a/other'));
      const next = controller();
      await next.endOthers(new Set(['a/wanted']));
      expect([next.isLeft('a/wanted'), next.isLeft('a/other')]).toEqual([true, false]);
      expect(wanted.envoyPid).toBeDefined();
      opened.push(other);
    });

    it('keeps who connects before anybody serves, and hands over who comes later', async () => {
      const { controller, connect } = await machine();
      const proxy = await open(controller(), 'a/b');
      let taken = 0;
      await connect('a/b');
      proxy.socket.take((connection) => {
        taken += 1;
        connection.destroy();
      });
      await until('the early one is served', () => taken >= 1);
      const before = taken;
      await connect('a/b');
      await until('the late one is served', () => taken > before);
    });

    it('waits for listeners no longer than it is told to', async () => {
      const proxy = await open((await machine()).controller(), 'a/b');
      const stop = new AbortController();
      const waiting = proxy.untilListening(1, stop.signal);
      stop.abort();
      expect(await waiting).toBe(false);
    });
  });
}
