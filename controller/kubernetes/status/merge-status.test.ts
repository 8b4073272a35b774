import { describe, expect, it } from 'vitest';
import { isSame, mergeStatus } from './merge-status.ts';

const US = 'example.com/us';
const NOW = '2026-02-02T00:00:00Z';
const THEN = '2026-01-01T00:00:00Z';

const condition = (type: string, status: string, time = NOW, reason = type, message = '') => ({
  type,
  status,
  reason,
  message,
  observedGeneration: 1,
  lastTransitionTime: time,
});

const parent = (name: string, controllerName: string, ...conditions: readonly object[]) => ({
  parentRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', name },
  controllerName,
  conditions,
});

describe('merging a status', () => {
  it('changes nothing where all is as it should be, whatever the time and the order of fields', () => {
    const current = { parents: [parent('a', US, condition('Accepted', 'True', THEN))] };
    const wanted = { parents: [parent('a', US, condition('Accepted', 'True', NOW))] };
    expect(mergeStatus(current, wanted, US)).toEqual({ changes: {}, turned: [] });
    expect(mergeStatus({}, { addresses: [], listeners: [] }, US).changes).toEqual({});
  });

  it('keeps the time of a condition while its status stays, and moves it when the status flips', () => {
    const current = {
      conditions: [condition('Accepted', 'True', THEN), condition('Programmed', 'False', THEN, 'Pending')],
    };
    const wanted = {
      conditions: [condition('Accepted', 'True', NOW, 'Accepted', 'new words'), condition('Programmed', 'True')],
    };
    expect(mergeStatus(current, wanted, US).changes).toEqual({
      conditions: [condition('Accepted', 'True', THEN, 'Accepted', 'new words'), condition('Programmed', 'True', NOW)],
    });
  });

  it('leaves parents and ancestors of others where they are, and removes those of ours that are not said any more', () => {
    const theirs = parent('a', 'example.com/others', condition('Accepted', 'False', THEN));
    const current = { parents: [theirs, parent('old', US, condition('Accepted', 'True', THEN)), parent('b', US)] };
    const wanted = {
      parents: [parent('c', US, condition('Accepted', 'True')), parent('b', US, condition('Accepted', 'True'))],
    };
    expect(mergeStatus(current, wanted, US).changes['parents']).toEqual([
      theirs,
      parent('b', US, condition('Accepted', 'True')),
      parent('c', US, condition('Accepted', 'True')),
    ]);
    expect(mergeStatus(current, { parents: [] }, US).changes['parents']).toEqual([theirs]);
    expect(mergeStatus({ parents: [theirs] }, { parents: [] }, US).changes).toEqual({});
  });

  it('leaves conditions of others, in entries of ours too, and removes ours that are not said any more', () => {
    const foreign = condition('example.com/Audited', 'True', THEN);
    const current = {
      conditions: [foreign, condition('ResolvedRefs', 'False', THEN), condition('Accepted', 'True', THEN)],
    };
    expect(mergeStatus(current, { conditions: [condition('Accepted', 'True')] }, US).changes).toEqual({
      conditions: [foreign, condition('Accepted', 'True', THEN)],
    });
    const route = { parents: [parent('a', US, foreign, condition('PartiallyInvalid', 'True', THEN))] };
    expect(
      mergeStatus(route, { parents: [parent('a', US, condition('Accepted', 'True'))] }, US).changes['parents'],
    ).toEqual([parent('a', US, foreign, condition('Accepted', 'True'))]);
  });

  it('leaves nothing in an entry of ours of what a controller of the same name has said there, whatever it was', () => {
    const before = ['BackendsAvailable', 'RouteRulesOverlap', 'SomethingNew'].map((type) =>
      condition(type, 'False', THEN),
    );
    const foreign = condition('example.com/Audited', 'True', THEN);
    const accepted = parent('a', US, condition('Accepted', 'True'));
    const current = { parents: [parent('a', US, ...before, foreign)] };
    expect(mergeStatus(current, { parents: [accepted] }, US).changes['parents']).toEqual([
      parent('a', US, foreign, condition('Accepted', 'True')),
    ]);
    // Of a whole object nobody knows who has said it.
    const [unknown] = before.slice(2);
    expect(mergeStatus({ conditions: [unknown] }, { conditions: [] }, US).changes).toEqual({});
  });

  it('finds its entries by their ancestors where the definition lets none say whose it is, and writes none twice', () => {
    const ancestor = (name: string, ...conditions: readonly object[]) => ({
      ancestorRef: { kind: 'Gateway', name },
      conditions,
    });
    const theirs = ancestor('theirs', condition('Accepted', 'True', THEN));
    const current = { ancestors: [theirs, ancestor('ours', condition('Accepted', 'False', THEN))] };
    const wanted = { ancestors: [{ ...ancestor('ours', condition('Accepted', 'True')), controllerName: US }] };
    const { changes } = mergeStatus(current, wanted, US);
    // Another definition may ask for the name.
    const written = ancestor('ours', condition('Accepted', 'True'));
    expect(changes['ancestors']).toEqual([theirs, { ...written, controllerName: US }]);
    expect(mergeStatus(changes, wanted, US).changes).toEqual({});
    // This one has dropped it.
    expect(mergeStatus({ ancestors: [theirs, written] }, wanted, US).changes).toEqual({});
  });

  it('merges listeners by name, and drops those that are gone', () => {
    const listener = (name: string, ...conditions: readonly object[]) => ({
      name,
      attachedRoutes: 1,
      supportedKinds: [],
      conditions,
    });
    const current = { listeners: [listener('gone'), listener('web', condition('Programmed', 'True', THEN))] };
    const wanted = { listeners: [{ ...listener('web', condition('Programmed', 'True')), attachedRoutes: 2 }] };
    expect(mergeStatus(current, wanted, US).changes['listeners']).toEqual([
      { ...listener('web', condition('Programmed', 'True', THEN)), attachedRoutes: 2 },
    ]);
  });

  it('tells what turned bad, once, and never what is only pending or better than before', () => {
    const bad = [
      condition('ResolvedRefs', 'False', NOW, 'BackendNotFound', 'no Service'),
      condition('Programmed', 'False', NOW, 'Pending'),
      condition('Conflicted', 'False', NOW, 'NoConflicts'),
      condition('Accepted', 'True'),
    ];
    const first = mergeStatus({}, { conditions: bad }, US);
    expect(first.turned).toEqual([{ type: 'ResolvedRefs', reason: 'BackendNotFound', message: 'no Service' }]);
    const later = bad.map((one) => ({ ...one, observedGeneration: 2 }));
    expect(mergeStatus(first.changes, { conditions: later }, US).turned).toEqual([]);
  });

  it('writes no more entries and no longer messages than an API server takes', () => {
    const many = Array.from({ length: 20 }, (_, index) => ({
      ancestorRef: { name: `g${index}` },
      conditions: [condition('Accepted', 'False', NOW, 'Invalid', 'x'.repeat(40_000))],
    }));
    const { ancestors } = mergeStatus({}, { ancestors: many }, US).changes;
    expect(Array.isArray(ancestors) && ancestors.length).toBe(16);
    expect(JSON.stringify(ancestors).length).toBeLessThan(16 * 33_100);
  });

  it('compares values by what they say', () => {
    expect(isSame({ a: 1, b: [] }, { b: undefined, a: 1 })).toBe(true);
    expect(isSame([{ a: 1 }], [{ a: 2 }])).toBe(false);
    expect(isSame({ a: 'x' }, { a: ['x'] })).toBe(false);
  });
});
