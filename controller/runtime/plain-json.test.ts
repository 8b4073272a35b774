import { describe, expect, it } from 'vitest';
import { toPlainJson } from './plain-json.ts';

describe('the model as JSON', () => {
  it('has maps as objects, bytes as base64, and lists in pieces whole', () => {
    const ir = { map: new Map([['a', 1]]), bytes: Uint8Array.of(1, 2), clusters: [['a'], ['b']] };
    expect(toPlainJson(ir)).toEqual({ map: { a: 1 }, bytes: 'AQI=', clusters: ['a', 'b'] });
  });

  it('has nothing that is secret, be it text, a list or bytes', () => {
    const ir = {
      secrets: [{ name: 's', privateKey: 'PRIVATE' }],
      basicAuth: { secret: 'default/users', users: ['ada:{SHA}x'] },
      apiKeyAuth: { clients: [{ client: 'ada', apiKey: 'KEY' }] },
      credential: { header: 'x-key', secretValue: Uint8Array.of(1, 2) },
    };
    expect(toPlainJson(ir)).toEqual({
      secrets: [{ name: 's', privateKey: '[redacted]' }],
      basicAuth: { secret: 'default/users', users: '[redacted]' },
      apiKeyAuth: { clients: [{ client: 'ada', apiKey: '[redacted]' }] },
      credential: { header: 'x-key', secretValue: '[redacted]' },
    });
  });
});
