import { describe, expect, test } from 'vitest';
import { receivedHeaders } from '../testing/received-headers.ts';
import { headerView } from './header-view.ts';

describe('received headers', () => {
  test('are found whatever the case of the name', () => {
    const headers = receivedHeaders([['x-name', 'ada']]);
    expect(headers.get('X-Name')).toBe('ada');
    expect(headers.has('X-NAME')).toBe(true);
    expect(headers.getAll('x-nAME')).toEqual(['ada']);
  });

  test('are undefined when absent and empty when empty', () => {
    const headers = receivedHeaders([['x-empty', '']]);
    expect(headers.get('x-empty')).toBe('');
    expect(headers.get('x-none')).toBeUndefined();
    expect(headers.getAll('x-none')).toEqual([]);
  });

  test('join several values, so that none is overlooked', () => {
    const headers = receivedHeaders([
      ['accept', 'a'],
      ['cookie', 'x=1'],
      ['accept', 'b'],
      ['cookie', 'y=2'],
    ]);
    expect(headers.get('accept')).toBe('a, b');
    expect(headers.get('Cookie')).toBe('x=1; y=2');
    expect(headers.getAll('accept')).toEqual(['a', 'b']);
  });

  test('are listed in the order received', () => {
    const headers = receivedHeaders([
      [':path', '/'],
      ['B', '2'],
      ['a', '1'],
      ['b', '3'],
    ]);
    expect([...headers]).toEqual([
      [':path', '/'],
      ['b', '2'],
      ['a', '1'],
      ['b', '3'],
    ]);
  });

  test('are read from the text field when a data plane fills that one', () => {
    expect(receivedHeaders([['a', 'text']], 'value').get('a')).toBe('text');
  });

  test('are decoded as UTF-8', () => {
    expect(receivedHeaders([['city', 'Zürich']]).get('city')).toBe('Zürich');
  });

  test('are those before the fault in bytes that are no headers', () => {
    const good = Buffer.from([0x0a, 0x06, 0x0a, 0x01, 0x61, 0x1a, 0x01, 0x62]);
    expect([...headerView(Buffer.concat([good, Buffer.from([0x0a, 0x7f])]))]).toEqual([['a', 'b']]);
  });
});
