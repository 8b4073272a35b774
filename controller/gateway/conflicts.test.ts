import { describe, expect, it } from 'vitest';
import { type Claim, type Claimant, conflictsOf } from './conflicts.ts';

type Written = readonly [name: string, port: number, protocol: string, hostname?: string, valid?: false];

function claimant(kind: Claimant['kind'], ...listeners: readonly Written[]): Claimant {
  return {
    kind,
    claims: listeners.map(([name, port, protocol, hostname, valid]): Claim => ({
      name,
      valid: valid ?? true,
      spec: { port, protocol, ...(hostname === undefined ? {} : { hostname }) },
    })),
  };
}

const gateway = (...listeners: readonly Written[]): Claimant => claimant('Gateway', ...listeners);
const set = (...listeners: readonly Written[]): Claimant => claimant('ListenerSet', ...listeners);

function conflicting(...claimants: readonly Claimant[]): readonly string[] {
  return [...conflictsOf(claimants)].map(([{ name }, { reason }]) => `${name}: ${reason}`);
}

describe('listeners that are distinct', () => {
  it('do not conflict', () => {
    const all = gateway(
      ['a', 80, 'HTTP'],
      ['b', 80, 'HTTP', 'b.example'],
      ['c', 81, 'TCP'],
      ['d', 443, 'HTTPS', 'd.example'],
    );
    expect(conflicting(all, set(['e', 443, 'TLS', 'e.example'], ['f', 80, 'HTTP', 'f.example']))).toEqual([]);
  });

  it('may share the number of a port between TCP and UDP', () => {
    expect(conflicting(gateway(['a', 6000, 'TCP'], ['b', 6000, 'UDP'], ['c', 53, 'UDP'], ['d', 53, 'HTTP']))).toEqual(
      [],
    );
  });
});

describe('listeners of one object', () => {
  it('all conflict, as none comes first', () => {
    expect(conflicting(gateway(['a', 443, 'HTTPS', 'x.example'], ['b', 443, 'TLS', 'X.example']))).toEqual([
      'a: HostnameConflict',
      'b: HostnameConflict',
    ]);
    expect(conflicting(set(['a', 80, 'HTTP'], ['b', 80, 'TCP']))).toEqual([
      'a: ProtocolConflict',
      'b: ProtocolConflict',
    ]);
  });

  it('do not conflict with one that is not served anyway', () => {
    expect(
      conflicting(gateway(['broken', 443, 'HTTPS', 'x.example', false], ['b', 443, 'HTTPS', 'x.example'])),
    ).toEqual([]);
  });
});

describe('listeners of several objects', () => {
  it('are had by the first', () => {
    const first = gateway(['a', 80, 'HTTP'], ['b', 81, 'TCP']);
    expect(conflicting(first, set(['c', 80, 'HTTP'], ['d', 80, 'TCP'], ['e', 81, 'TCP'], ['f', 82, 'HTTP']))).toEqual([
      'd: ProtocolConflict',
      'c: HostnameConflict',
      'e: ProtocolConflict',
    ]);
    expect(conflicting(set(['a', 80, 'HTTP', 'x']), set(['b', 80, 'HTTP', 'x']), set(['c', 80, 'HTTP', 'x']))).toEqual([
      'b: HostnameConflict',
      'c: HostnameConflict',
    ]);
  });

  it('are not had by a later one because the first cannot be served for now', () => {
    const broken = gateway(['a', 443, 'HTTPS', 'x.example', false]);
    expect(conflicting(broken, set(['b', 443, 'HTTPS', 'x.example']))).toEqual(['b: HostnameConflict']);
  });

  it('are had by nobody where the Gateway is at odds with itself', () => {
    const first = gateway(['a', 80, 'HTTP'], ['b', 80, 'TCP']);
    expect(conflicting(first, set(['c', 80, 'HTTP', 'c.example']))).toEqual([
      'a: ProtocolConflict',
      'b: ProtocolConflict',
      'c: ProtocolConflict',
    ]);
  });

  it('are had by the next where a set is at odds with itself', () => {
    const first = set(['a', 80, 'HTTP'], ['b', 80, 'TCP']);
    expect(conflicting(first, set(['c', 80, 'HTTP']))).toEqual(['a: ProtocolConflict', 'b: ProtocolConflict']);
  });
});
