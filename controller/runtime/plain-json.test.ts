import { describe, expect, it } from 'vitest';
import { toPlainJson } from './plain-json.ts';

describe('the model as JSON', () => {
  it('has maps as objects, bytes as base64, and no private key', () => {
    const ir = {
      map: new Map([['a', 1]]),
      bytes: Uint8Array.of(1, 2),
      secrets: [{ name: 's', privateKey: 'PRIVATE' }],
    };
    expect(toPlainJson(ir)).toEqual({
      map: { a: 1 },
      bytes: 'AQI=',
      secrets: [{ name: 's', privateKey: '[redacted]' }],
    });
  });
});
