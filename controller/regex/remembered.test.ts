import { describe, expect, it } from 'vitest';
import { Remembered } from './remembered.ts';

describe('what is remembered', () => {
  it('is made once, and forgotten when what was asked for later weighs too much', () => {
    const remembered = new Remembered<string>(30);
    const made: string[] = [];
    const get = (text: string): string =>
      remembered.get(
        text,
        () => {
          made.push(text);
          return text.toUpperCase();
        },
        () => 9,
      );
    expect([get('a'), get('b'), get('a'), get('c'), get('a')]).toEqual(['A', 'B', 'A', 'C', 'A']);
    expect(made).toEqual(['a', 'b', 'c']);
    expect(remembered.weight).toBe(30);
    get('d');
    expect(remembered.weight).toBe(30);
    get('a');
    expect(made).toEqual(['a', 'b', 'c', 'd']);
    get('b');
    expect(made).toEqual(['a', 'b', 'c', 'd', 'b']);
  });

  it('is never what alone weighs too much', () => {
    const remembered = new Remembered<string>(3);
    expect(
      remembered.get(
        'much',
        () => 'x',
        () => 0,
      ),
    ).toBe('x');
    expect(remembered.weight).toBe(0);
  });
});
