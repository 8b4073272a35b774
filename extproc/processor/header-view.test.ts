import { describe, expect, test } from 'vitest';
import { headerView } from './header-view.ts';

const raw = (key: string, value: string): { key: string; value: string; rawValue: Uint8Array } => ({
  key,
  value: '',
  rawValue: Buffer.from(value),
});

describe('received headers', () => {
  test('are found whatever the case of the name', () => {
    const headers = headerView([raw('x-name', 'ada')]);
    expect(headers.get('X-Name')).toBe('ada');
    expect(headers.has('X-NAME')).toBe(true);
    expect(headers.getAll('x-nAME')).toEqual(['ada']);
  });

  test('are undefined when absent and empty when empty', () => {
    const headers = headerView([raw('x-empty', '')]);
    expect(headers.get('x-empty')).toBe('');
    expect(headers.get('x-none')).toBeUndefined();
    expect(headers.getAll('x-none')).toEqual([]);
  });

  test('join several values, so that none is overlooked', () => {
    const headers = headerView([raw('accept', 'a'), raw('cookie', 'x=1'), raw('accept', 'b'), raw('cookie', 'y=2')]);
    expect(headers.get('accept')).toBe('a, b');
    expect(headers.get('Cookie')).toBe('x=1; y=2');
    expect(headers.getAll('accept')).toEqual(['a', 'b']);
  });

  test('are listed in the order received', () => {
    const headers = headerView([raw(':path', '/'), raw('B', '2'), raw('a', '1'), raw('b', '3')]);
    expect([...headers]).toEqual([
      [':path', '/'],
      ['b', '2'],
      ['a', '1'],
      ['b', '3'],
    ]);
  });

  test('are read from the text field when a data plane fills that one', () => {
    expect(headerView([{ key: 'a', value: 'text', rawValue: new Uint8Array() }]).get('a')).toBe('text');
  });

  test('are decoded as UTF-8', () => {
    expect(headerView([raw('city', 'Zürich')]).get('city')).toBe('Zürich');
  });
});
