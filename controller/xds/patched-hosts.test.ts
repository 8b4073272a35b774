import { expect, it } from 'vitest';
import type { ProxyIr } from '../ir/proxy.ts';
import { lower } from './lower.ts';
import { PatchedHosts } from './patched-hosts.ts';
import { virtualHostName } from './route-configuration.ts';
import { plainProxy, plainRoute } from './testing/plain-proxy.ts';

const HOSTNAMES = Array.from({ length: 50 }, (_, index) => `${index}.example.com`);
const ROUTE = plainRoute('r', { kind: 'prefix', value: '/' }, 'a');

/** A proxy with many hosts on one listener. */
function manyHosts(): ProxyIr {
  const proxy = plainProxy({ address: '127.0.0.1', port: 80 }, [], ['a']);
  const virtualHosts = [HOSTNAMES.map((hostname) => ({ hostname, routes: [ROUTE] }))];
  const chain = { kind: 'http' as const, name: 'l', tls: undefined, virtualHosts };
  return { ...proxy, listeners: proxy.listeners.map((listener) => ({ ...listener, chains: [[chain]] })) };
}

it('hosts that are rejected for the same patches are made at once, however many they are', () => {
  const good = manyHosts();
  const value = [{ match: { prefix: '/' }, direct_response: { status: 200 } }];
  const at = { path: '/routes', jsonPath: '$.virtual_hosts[*]' };
  const patch = {
    policy: 'a/p',
    type: 'route',
    name: 'l',
    operations: [{ index: 0, op: 'replace', at, value }],
  } as const;
  const bad: ProxyIr = { ...good, patches: [patch] };
  const patched = new PatchedHosts();
  let made = 0;
  const counted = (ir: ProxyIr) => {
    made += 1;
    return lower(ir, undefined);
  };
  patched.settle(good, () => false);
  for (const hostname of HOSTNAMES) {
    patched.reject(virtualHostName('l', hostname), { version: undefined, message: 'bad' });
  }
  const published = patched.repaired(bad, good, counted)['virtual-host'];
  expect(made).toBe(3);
  expect(patched.closed.size).toBe(0);
  const before = lower(good, undefined)['virtual-host'];
  expect([...published].map(([name, { version }]) => before.get(name)?.version === version)).toEqual(
    HOSTNAMES.map(() => true),
  );
});
