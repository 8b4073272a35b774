import { describe, expect, it } from 'vitest';
import { isOwnHost } from './admin-host.ts';

describe('a request to the admin endpoint', () => {
  it.each([
    ['127.0.0.1:19001', true],
    ['localhost:19001', true],
    ['LOCALHOST', true],
    ['[::1]:19001', true],
    ['10.0.0.7:19001', true],
    ['admin.internal:19001', true],
    ['evil.example:19001', false],
    ['127.0.0.1.evil.example', false],
    ['localhost.evil.example:19001', false],
    ['', false],
    [undefined, false],
  ])('that names the host %s is served: %s', (host, expected) => {
    expect(isOwnHost(host, 'admin.internal')).toBe(expected);
  });
});
