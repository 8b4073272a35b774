import { describe, expect, it } from 'vitest';
import { claimPorts, OPEN_PORTS, overlaps, type PortBook, type PortClaim, type PortState } from './port-claims.ts';

/** A claim of a listener "http" of the Gateway `name`, born in the year `born` where that matters. */
function claim(
  name: string,
  port: number,
  more: { readonly address?: string; readonly born?: number } = {},
): PortClaim {
  const creationTimestamp = more.born === undefined ? {} : { creationTimestamp: `${more.born}-01-01T00:00:00Z` };
  return {
    proxy: `default/${name}`,
    gateway: { metadata: { namespace: 'default', name, ...creationTimestamp } },
    listener: `default/${name}/http-${port}`,
    address: more.address ?? '0.0.0.0',
    port,
    protocol: 'TCP',
  };
}

function book(states: { readonly [port: number]: PortState }): PortBook {
  return { at: (_proxy, { port }) => states[port] ?? { kind: 'free' } };
}

function outcome(claims: readonly PortClaim[], states: PortBook = OPEN_PORTS): { readonly [listener: string]: string } {
  return Object.fromEntries(
    [...claimPorts(claims, states)].map(([listener, decision]) => [
      listener,
      decision.kind === 'bound' ? `bound ${decision.port}` : decision.kind,
    ]),
  );
}

describe('of two Gateways that want one port', () => {
  it('the older has it', () => {
    const claims = [claim('a', 80, { born: 2025 }), claim('b', 80, { born: 2024 })];
    expect(outcome(claims)).toEqual({ 'default/a/http-80': 'refused', 'default/b/http-80': 'bound 80' });
  });

  it('the one whose name comes first has it when they are as old, in whatever order they come', () => {
    const expected = { 'default/a/http-80': 'bound 80', 'default/b/http-80': 'refused' };
    expect(outcome([claim('b', 80), claim('a', 80)])).toEqual(expected);
    expect(outcome([claim('a', 80), claim('b', 80)])).toEqual(expected);
  });

  it('the other is told who has it', () => {
    const decision = claimPorts([claim('a', 80), claim('b', 80)], OPEN_PORTS).get('default/b/http-80');
    expect(decision).toEqual({
      kind: 'refused',
      message: expect.stringContaining('is held by listener http-80 of Gateway default/a'),
    });
  });

  it('both have it on addresses of their own', () => {
    const claims = [claim('a', 80, { address: '127.0.0.2' }), claim('b', 80, { address: '127.0.0.3' })];
    expect(outcome(claims)).toEqual({ 'default/a/http-80': 'bound 80', 'default/b/http-80': 'bound 80' });
  });
});

describe('a privileged port that may not be bound', () => {
  const shifts = book({ 80: { kind: 'shifted', port: 10_080 } });

  it('is shifted, and that is said', () => {
    expect(claimPorts([claim('a', 80)], shifts).get('default/a/http-80')).toEqual({
      kind: 'bound',
      port: 10_080,
      note: expect.stringContaining('served on port 10080'),
    });
  });

  it('gives way to the same Gateway’s port that is written so', () => {
    expect(outcome([claim('a', 80), claim('a', 10_080)], shifts)).toEqual({
      'default/a/http-80': 'refused',
      'default/a/http-10080': 'bound 10080',
    });
  });

  it('is held by the older Gateway against one that writes the shifted port', () => {
    expect(outcome([claim('a', 80), claim('b', 10_080)], shifts)).toEqual({
      'default/a/http-80': 'bound 10080',
      'default/b/http-10080': 'refused',
    });
  });
});

describe('a port of the machine', () => {
  it('that nobody has looked at is not decided', () => {
    expect(outcome([claim('a', 80)], book({ 80: { kind: 'unknown' } }))).toEqual({ 'default/a/http-80': 'undecided' });
  });

  it('that somebody else holds is refused with the reason', () => {
    const held = book({ 80: { kind: 'unavailable', reason: 'is held by process 7 (nginx)' } });
    expect(claimPorts([claim('a', 80)], held).get('default/a/http-80')).toEqual({
      kind: 'refused',
      message: 'TCP port 80 on 0.0.0.0 is held by process 7 (nginx)',
    });
  });
});

describe('two sockets', () => {
  const at = (address: string, protocol: 'TCP' | 'UDP' = 'TCP') => ({ address, port: 80, protocol });

  it.each([
    [at('0.0.0.0'), at('127.0.0.1'), true],
    [at('::'), at('::1'), true],
    [at('127.0.0.1'), at('127.0.0.2'), false],
    [at('0.0.0.0'), at('::'), false],
    [at('127.0.0.1'), { ...at('::'), bothFamilies: true as const }, true],
    [at('0.0.0.0'), at('0.0.0.0', 'UDP'), false],
    [at('0.0.0.0'), { ...at('0.0.0.0'), port: 81 }, false],
  ])('%o and %o overlap: %s', (a, b, expected) => {
    expect(overlaps(a, b)).toBe(expected);
    expect(overlaps(b, a)).toBe(expected);
  });
});
