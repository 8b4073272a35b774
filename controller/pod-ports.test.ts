import { describe, expect, it } from 'vitest';
import { claimPorts, type PortBook } from './gateway/port-claims.ts';
import { podPorts } from './pod-ports.ts';

const claim = (proxy: string, port: number, fixed = false) => ({
  proxy,
  gateway: { metadata: { namespace: 'default', name: proxy } },
  listener: `default/${proxy}/web-${port}`,
  address: '0.0.0.0',
  port,
  protocol: 'TCP' as const,
  fixed,
});

describe('ports of pods', () => {
  const book: PortBook = {
    isolated: true,
    at: (_proxy, { port }) => (port < 1024 ? { kind: 'mapped', port: port + 10_000 } : { kind: 'free' }),
  };

  it('are the same in several proxies: each has its own network', () => {
    const decisions = claimPorts([claim('a', 80), claim('b', 80)], book);
    expect([...decisions.values()]).toEqual([
      { kind: 'bound', port: 10_080 },
      { kind: 'bound', port: 10_080 },
    ]);
  });

  it('stay as they are where a patch says them', () => {
    expect([...claimPorts([claim('a', 80, true)], book).values()]).toEqual([{ kind: 'bound', port: 80 }]);
  });

  it('are free as written for what no Gateway of a proxy has', () => {
    const ports = podPorts();
    expect(ports.at('default/a', { address: '0.0.0.0', port: 80, protocol: 'TCP' })).toEqual({ kind: 'free' });
    expect(ports.isolated).toBe(true);
  });
});
