import { describe, expect, it } from 'vitest';
import { podOf } from './pod.ts';

const ONE = 'web-6f7d-x2x4z/0b1e8f2c-8f0e-4a51-9d3d-3f0d0c6a1f11';
/** Of the same name, made after it. */
const NEXT = 'web-6f7d-x2x4z/5c9a7d34-1b60-4c0c-8c57-6f4f9f1f2b22';

describe('the pod of a connection', () => {
  it.each([
    ['by two families', ONE, '10.0.0.1', ONE, 'fd00::1', true],
    ['by one address, on one host network or behind one proxy', ONE, '10.0.0.1', NEXT, '10.0.0.1', false],
    ['made again with the name and the address of before', ONE, '10.0.0.1', NEXT, '10.0.0.1', false],
    ['that does not say who it is', undefined, '10.0.0.1', undefined, '10.0.0.1', true],
    ['that says nothing, as another does', '', '10.0.0.1', '', '10.0.0.2', false],
    ['that says what no name is', 'x'.repeat(301), '10.0.0.1', 'x'.repeat(301), '10.0.0.2', false],
  ])('is told apart from another: %s', (_, said, address, otherSaid, otherAddress, isSame) => {
    expect(podOf(said, address) === podOf(otherSaid, otherAddress)).toBe(isSame);
  });

  it('is none on this machine', () => {
    expect(podOf(undefined, undefined)).toBeUndefined();
  });
});
