import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inPieces, unequalParts, withMember } from './pieces.ts';

const MANY = Array.from({ length: 200 }, (_, index) => ({ index }));

describe('a list in pieces', () => {
  it('has all members in order, in pieces that are not empty and not large', () => {
    const pieces = inPieces(MANY);
    expect(pieces.flat()).toEqual(MANY);
    expect(pieces.map(({ length }) => length)).toEqual([64, 64, 64, 8]);
    expect(inPieces([])).toEqual([]);
  });

  it('keeps the pieces that it had where they have the same members', () => {
    const before = inPieces(MANY);
    const after = inPieces(MANY.with(70, { index: -1 }), before);
    expect(after.map((piece, at) => piece === before[at])).toEqual([true, false, true, true]);
  });

  it('with another member is another one only in the piece of that member', () => {
    const before = inPieces(MANY);
    const other = { index: -1 };
    const after = withMember(before, 70, other);
    expect(after.flat()).toEqual(MANY.with(70, other));
    expect(after.map((piece, at) => piece === before[at])).toEqual([true, false, true, true]);
  });

  it('with the same member is the same list', () => {
    const before = inPieces(MANY);
    expect(withMember(before, 70, MANY[70] ?? { index: 70 })).toBe(before);
  });
});

describe('the parts of two lists that are not equal', () => {
  it('are all of both but what they begin and end with', () => {
    expect(unequalParts([1, 2, 3, 4], [1, 5, 4])).toEqual([[2, 3], [5]]);
    expect(unequalParts([1, 1], [1, 1, 1])).toEqual([[], [1]]);
    expect(unequalParts([1, 2], [1, 2])).toEqual([[], []]);
  });

  it('make one list of the other', () => {
    const list = fc.array(fc.nat({ max: 3 }), { maxLength: 8 });
    fc.assert(
      fc.property(list, list, (a, b) => {
        const [gone, came] = unequalParts(a, b);
        const head = a.findIndex((member, at) => member !== b[at]);
        const from = head === -1 ? Math.min(a.length, b.length) : head;
        expect(a.toSpliced(from, gone.length, ...came)).toEqual(b);
      }),
    );
  });
});
