import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { InfraIr } from '../ir/proxy.ts';
import type { Infra, OpenProxy } from './infra.ts';

/** What an infra under test is driven by. */
export interface InfraHarness {
  /** The infra as a further controller has it, on the same machine or cluster. */
  readonly controller: () => Promise<Infra>;
  /** Connects to the socket of a proxy, as its Envoy does. */
  readonly connect: (key: string) => Promise<void>;
  readonly dispose: () => Promise<void>;
}

/** The same where proxies are processes. */
export interface ProcessHarness extends InfraHarness {
  /** Ends a process without a word to any controller. */
  readonly kill: (pid: number) => void;
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!isSo()) {
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what}`);
    await sleep(10);
  }
}

/** What a proxy needs to run, as a Gateway of this key has it. */
function infraIr(key: string): InfraIr {
  const [namespace = '', name = ''] = key.split('/');
  const ports = [{ name: 'http', port: 80, protocol: 'TCP', application: 'HTTP' }] as const;
  const gateway = { namespace, name, labels: {}, annotations: {}, addresses: [], hostnames: [], ports };
  return { key, sockets: [], gatewayClass: 'eg', merged: false, gateways: [gateway], parameters: undefined };
}

/** The promises of `Infra`, held against one implementation. */
export function describeInfraContract(what: string, setUp: () => Promise<InfraHarness>): void {
  describe(`${what} keeps the contract of an infra`, () => {
    const { machine, open, opened } = proxiesOf(setUp);

    it('starts a proxy, which is known to be there', async () => {
      const infra = await (await machine()).controller();
      expect(infra.isLeft('a/b')).toBe(false);
      const proxy = await open(infra, 'a/b');
      expect(proxy.restarts).toEqual({ envoy: 0, sidecar: 0 });
      await until('it is known', () => infra.isLeft('a/b'));
      expect(infra.isLeft('a/c')).toBe(false);
    });

    it('lets the next controller take a proxy over', async () => {
      const { controller } = await machine();
      const killed = await controller();
      await open(killed, 'a/b');
      await until('it is known', () => killed.isLeft('a/b'));
      const next = await controller();
      expect(next.isLeft('a/b')).toBe(true);
      const proxy = await open(next, 'a/b');
      expect(proxy.restarts).toEqual({ envoy: 0, sidecar: 0 });
      expect(next.isLeft('a/b')).toBe(true);
    });

    it('ends a proxy for good', async () => {
      const infra = await (await machine()).controller();
      const proxy = await open(infra, 'a/b');
      await until('it is known', () => infra.isLeft('a/b'));
      await proxy.close();
      expect(infra.isLeft('a/b')).toBe(false);
      await open(infra, 'a/b');
      await until('it is known again', () => infra.isLeft('a/b'));
    });

    it('ends what an earlier controller left and nobody wants, and nothing else', async () => {
      const { controller } = await machine();
      const killed = await controller();
      await open(killed, 'a/wanted');
      await open(killed, 'a/other');
      await until('both are known', () => killed.isLeft('a/wanted') && killed.isLeft('a/other'));
      const next = await controller();
      await next.endOthers(new Set(['a/wanted']));
      await until('the other is gone', () => !next.isLeft('a/other'));
      expect(next.isLeft('a/wanted')).toBe(true);
    });

    it('keeps who connects before anybody serves, and hands over who comes later', async () => {
      const { controller, connect } = await machine();
      const proxy = await open(await controller(), 'a/b');
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
      const proxy = await open(await (await machine()).controller(), 'a/b');
      const stop = new AbortController();
      const waiting = proxy.untilListening(1, stop.signal);
      stop.abort();
      expect(await waiting).toBe(false);
      expect(opened.length).toBe(1);
    });
  });
}

/** The promises beyond those of `Infra` where proxies are processes of one machine. */
export function describeProcessContract(what: string, setUp: () => Promise<ProcessHarness>): void {
  describe(`${what} keeps the contract of processes`, () => {
    const { machine, open } = proxiesOf(setUp);
    const running = async (infra: Infra, key: string): Promise<OpenProxy> => {
      const proxy = await open(infra, key);
      await until('Envoy runs', () => proxy.envoyPid !== undefined);
      return proxy;
    };

    it('starts an Envoy again that ended, and counts it', async () => {
      const { controller, kill } = await machine();
      const proxy = await running(await controller(), 'a/b');
      const first = proxy.envoyPid ?? 0;
      kill(first);
      await until('another runs', () => proxy.envoyPid !== undefined && proxy.envoyPid !== first);
      expect(proxy.restarts).toEqual({ envoy: 1, sidecar: 0 });
    });

    it('lets the next controller take the very process over, and ends it for good', async () => {
      const { controller } = await machine();
      const killed = await controller();
      const left = await running(killed, 'a/b');
      await until('it is known', () => killed.isLeft('a/b'));
      // Nobody really killed it: it would start another Envoy in the place of the one that ends.
      const first = left.envoyPid;
      const next = await controller();
      const proxy = await running(next, 'a/b');
      expect(proxy.envoyPid).toBe(first);
      await proxy.close();
      expect((await running(next, 'a/b')).envoyPid).not.toBe(first);
    });
  });
}

/** Proxies that are ended after each test. */
function proxiesOf<H extends InfraHarness>(setUp: () => Promise<H>) {
  let harness: H | undefined;
  const opened: OpenProxy[] = [];
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((proxy) => proxy.close()));
    await harness?.dispose();
  });
  return {
    opened,
    machine: async (): Promise<H> => {
      harness = await setUp();
      return harness;
    },
    open: async (infra: Infra, key: string): Promise<OpenProxy> => {
      const proxy = await infra.open(key);
      proxy.deploy(infraIr(key));
      opened.push(proxy);
      return proxy;
    },
  };
}
