import { describe, expect, it } from 'vitest';
import { redisUrl } from './redis-address.ts';

describe('the URL of a Redis', () => {
  it.each([
    ['redis.limits:6379', false, 'redis://redis.limits:6379'],
    ['redis.limits:6379', true, 'rediss://redis.limits:6379'],
    ['[::1]:6379', true, 'rediss://[::1]:6379'],
    ['redis://:word@redis/1', false, 'redis://:word@redis/1'],
    ['redis://:word@redis:6379', true, 'rediss://:word@redis:6379'],
    ['rediss://redis:6379', false, 'rediss://redis:6379'],
    [' redis:6379\n', false, 'redis://redis:6379'],
  ])('of %j, by TLS: %s', (address, tls, url) => {
    expect(redisUrl(address, tls)).toEqual({ ok: true, value: url });
  });

  it.each([
    '',
    'redis',
    'redis:port',
    'redis:999999',
    'a:1,b:2',
    'redis://',
    'http://redis:1',
    'redis://redis/one',
    'redis://:hidden%@redis:1',
    ':hidden@redis:1',
    'unix:///hidden:1',
  ])('of %j is none, and nothing of it is told', (address) => {
    const found = redisUrl(address, false);
    expect(found.ok ? '' : found.refusal.message).toContain('HOST:PORT');
    expect(JSON.stringify(found)).not.toContain('hidden');
  });
});
