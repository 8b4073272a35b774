import { describe, expect, it, test } from 'vitest';
import { formatReference, parseReference } from './reference.ts';

const HEX = 'ab'.repeat(32);

const formatted = (text: string): string => {
  const parsed = parseReference(text);
  return parsed.ok ? formatReference(parsed.value) : parsed.refusal.message;
};

describe('the reference of an image', () => {
  it.each([
    ['zhaohuabing/testwasm:v0.0.1', 'docker.io/zhaohuabing/testwasm:v0.0.1'],
    ['oci://my.private.registry/wasm-filter-2:v1.0.0', 'my.private.registry/wasm-filter-2:v1.0.0'],
    ['alpine', 'docker.io/library/alpine:latest'],
    ['docker.io/alpine', 'docker.io/library/alpine:latest'],
    ['index.docker.io/a/b', 'docker.io/a/b:latest'],
    ['localhost/filter', 'localhost/filter:latest'],
    ['localhost:5000/a/b/c', 'localhost:5000/a/b/c:latest'],
    ['127.0.0.1:5000/filter:1', '127.0.0.1:5000/filter:1'],
    ['[::1]:5000/filter', '[::1]:5000/filter:latest'],
    [`ghcr.io/a/b@sha256:${HEX}`, `ghcr.io/a/b@sha256:${HEX}`],
    [`ghcr.io/a/b:v1@sha256:${HEX}`, `ghcr.io/a/b:v1@sha256:${HEX}`],
  ])('%s is %s', (text, full) => {
    expect(formatted(text)).toBe(full);
  });

  it.each([
    ['https://ghcr.io/a/b', /scheme/u],
    ['', /repository/u],
    ['ghcr.io/', /repository/u],
    ['ghcr.io/Upper/case', /repository/u],
    ['ghcr.io/a//b', /repository/u],
    ['ghcr.io/../../etc', /repository/u],
    [`ghcr.io/${'a'.repeat(256)}`, /repository/u],
    ['ghcr.io/a b', /repository/u],
    ['ghcr.io/a:', /tag/u],
    [`ghcr.io/a:${'t'.repeat(129)}`, /tag/u],
    ['ghcr.io/a:-x', /tag/u],
    ['ghcr.io/a@sha256:1234', /digest/u],
    ['ghcr.io/a@sha512:1234', /digest/u],
    [`ghcr.io/a@sha256:${HEX}@sha256:${HEX}`, /more than one @/u],
    ['user:secret@ghcr.io/a', /digest/u],
    ['ghcr.io?x=/a', /no host/u],
  ])('%j is none', (text, reason) => {
    expect(formatted(text)).toMatch(reason);
  });
});

test('what is formatted is parsed to the same', () => {
  const parsed = parseReference(`ghcr.io/a/b:v1@sha256:${HEX}`);
  expect(parsed.ok && parseReference(formatReference(parsed.value))).toEqual(parsed);
});
