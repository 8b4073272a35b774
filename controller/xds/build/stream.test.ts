import { expect, it } from 'vitest';
import type { StreamChainIr } from '../../ir/listener.ts';
import { tcpProxy, tcpProxyFilter } from './stream.ts';

const CHAIN: StreamChainIr = { kind: 'stream', name: 'default/shop/tcp', tls: { kind: 'none' }, destinations: [] };
const guarded = (defaultAction: 'Allow' | 'Deny'): StreamChainIr => ({
  ...CHAIN,
  clients: { rules: [], defaultAction },
});

it('where connections go is asked for by another name as soon as others may connect: it comes with what guards it', () => {
  const names = [CHAIN, guarded('Deny'), guarded('Allow'), guarded('Deny')].map((chain) => tcpProxy(chain).name);
  expect(names[0]).toBe('sluice.stream/default/shop/tcp');
  expect(new Set(names).size).toBe(3);
  expect(names[3]).toBe(names[1]);
  expect(tcpProxyFilter(guarded('Deny')).name).toBe(names[1]);
});
