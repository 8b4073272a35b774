import { describe, expect, it } from 'vitest';
import { mergePatch } from './strategic-merge.ts';

const POD = {
  hostNetwork: false,
  containers: [
    { name: 'envoy', image: 'a', args: ['x'], ports: [{ containerPort: 1, name: 'one' }] },
    { name: 'other', image: 'b' },
  ],
};

describe('a JSON merge patch (RFC 7396)', () => {
  it('merges objects, removes what is null, replaces lists', () => {
    expect(mergePatch(POD, { hostNetwork: null, dnsPolicy: 'None', containers: [{ name: 'c' }] }, 'JSONMerge')).toEqual(
      {
        dnsPolicy: 'None',
        containers: [{ name: 'c' }],
      },
    );
  });
});

describe('a strategic merge patch of Kubernetes', () => {
  it('merges containers by name and their ports by number, and replaces lists of words', () => {
    const patch = {
      containers: [
        { name: 'new', image: 'n' },
        { name: 'envoy', args: ['y'], ports: [{ containerPort: 2 }, { containerPort: 1, name: 'first' }] },
      ],
    };
    expect(mergePatch(POD, patch, 'StrategicMerge')).toEqual({
      hostNetwork: false,
      containers: [
        { name: 'new', image: 'n' },
        { name: 'envoy', image: 'a', args: ['y'], ports: [{ containerPort: 2 }, { containerPort: 1, name: 'first' }] },
        { name: 'other', image: 'b' },
      ],
    });
  });

  it.each([
    ['deletes an entry', { containers: [{ $patch: 'delete', name: 'other' }] }, { containers: [POD.containers[0]] }],
    ['replaces a list', { containers: [{ $patch: 'replace' }, { name: 'c' }] }, { containers: [{ name: 'c' }] }],
  ])('%s', (_, patch, expected) => {
    expect(mergePatch(POD, patch, 'StrategicMerge')).toMatchObject(expected);
  });

  it('removes a field', () => {
    expect(mergePatch({ a: 1, b: 2 }, { a: null }, 'StrategicMerge')).toEqual({ b: 2 });
  });

  it('replaces an object that it says to replace', () => {
    const service = { spec: { selector: { a: 'b', c: 'd' } } };
    expect(mergePatch(service, { spec: { selector: { $patch: 'replace', x: 'y' } } }, 'StrategicMerge')).toEqual({
      spec: { selector: { x: 'y' } },
    });
  });
});
