import { describe, expect, it, vi } from 'vitest';
import { ResourceStore } from '../resources/store.ts';
import { admit } from './admit.ts';
import { readClosedObject, readClosedObjects } from './closed-objects.ts';
import type { Problem } from './provider.ts';

const PARENT = { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'shop' };

const routeOf = (spec: object, name = 'admin') => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name },
  spec: { parentRefs: [{ name: 'shop' }], ...spec },
});

const read = (spec: object) => readClosedObject('HTTPRoute', 'default', 'admin', routeOf(spec))?.spec;

const matching = (...matches: readonly unknown[]) => read({ rules: [{ matches }] });

function problemOf(document: { readonly [field: string]: unknown }, name: string): Problem {
  const object = { kind: 'HTTPRoute', namespace: 'default', name, document };
  return { severity: 'error', reason: 'invalid', file: 'a.yaml', line: 1, column: 1, message: 'unknown field', object };
}

describe('what a refused route is for', () => {
  it.each([
    [
      'what can be read',
      { path: { value: '/admin' }, method: 'GET' },
      { path: { type: 'PathPrefix', value: '/admin' }, method: 'GET' },
    ],
    [
      'a path of an unknown type',
      { path: { type: 'Prefix', value: '/admin' } },
      { path: { type: 'PathPrefix', value: '/admin' } },
    ],
    [
      'one that may be an expression',
      { path: { type: 'Regex', value: '/a.*' } },
      { path: { type: 'RegularExpression', value: '/a.*' } },
    ],
    ['no path at all', { path: 5, method: 'get' }, { path: { type: 'PathPrefix', value: '/' } }],
    [
      'conditions with a mistake',
      {
        headers: [
          { name: 'a', value: 'b' },
          { name: 'c', tpye: 'RegularExpression', value: '.*' },
        ],
        queryParams: [7],
      },
      { path: { type: 'PathPrefix', value: '/' }, headers: [{ type: 'Exact', name: 'a', value: 'b' }] },
    ],
    ['no object', 'everything', { path: { type: 'PathPrefix', value: '/' } }],
  ])('is %s, the rest of it wider', (_, written, found) => {
    expect(matching(written)).toMatchObject({ rules: [{ matches: [found] }] });
  });

  it('is everything where its rules cannot be read', () => {
    const everything = { rules: [{ matches: [{ path: { type: 'PathPrefix', value: '/' } }] }] };
    expect(read({ rules: 'none' })).toMatchObject(everything);
    expect(read({ rules: [{ match: [{ path: { value: '/admin' } }] }] })).toMatchObject(everything);
  });

  it('keeps as many matches as there may be', () => {
    const matches = Array.from({ length: 100 }, (_, index) => ({ path: { value: `/${index}` } }));
    expect(matching(...matches)).toMatchObject({ rules: [{ matches: { length: 64 } }, { matches: { length: 36 } }] });
  });

  it.each([
    [['ADMIN.example.com:80'], ['admin.example.com']],
    [
      ['a.example.com', 'under_score.example.com'],
      ['a.example.com', '*.example.com'],
    ],
    [['*'], undefined],
    [['a.example.com', 5], undefined],
    ['a.example.com', undefined],
  ])('has its host names as they were meant, the wildcard above, or all hosts: %j', (hostnames, found) => {
    const spec = read({ hostnames });
    expect(spec).toBeDefined();
    expect(spec !== undefined && 'hostnames' in spec ? spec.hostnames : undefined).toEqual(found);
  });

  it('attaches to all of a parent whose part cannot be read, and to nothing without a parent', () => {
    expect(read({ parentRefs: [{ name: 'shop', sectionName: 7, typo: 1 }, {}] })).toMatchObject({
      parentRefs: [PARENT],
    });
    expect(read({ parentRefs: [{ name: 'shop' }, { name: 'shop', port: 80 }] })).toMatchObject({
      parentRefs: { length: 1, 0: PARENT },
    });
    expect(read({ parentRefs: undefined, parentRef: { name: 'shop' } })).toBeUndefined();
  });

  it('is closed once, whatever is wrong with it, each of one name by itself, and not while a good version is there', () => {
    const [one, other] = [routeOf({ a: 1 }), routeOf({ b: 1 })];
    const closed = readClosedObjects([problemOf(one, 'admin'), problemOf(one, 'admin'), problemOf(other, 'admin')]);
    expect(closed.map(({ metadata }) => metadata.name)).toEqual(['admin', 'admin.2']);
    const store = new ResourceStore();
    store.setClosed(closed.slice(0, 1));
    const before = store.closed('HTTPRoute');
    expect(before).toHaveLength(1);
    store.setClosed(structuredClone(closed.slice(0, 1)));
    expect(store.closed('HTTPRoute')).toBe(before);
    const good = admit(routeOf({ rules: [{}] }));
    if (good.kind === 'resource') store.upsert(good.resource);
    store.setClosed(closed.slice(0, 1));
    expect(store.closed('HTTPRoute')).toEqual([]);
  });

  it('costs the same, however many have its name, and gets none that is taken', () => {
    const written = Array.from({ length: 1_000 }, (_, index) => problemOf(routeOf({ index }), 'admin'));
    const problems = [problemOf(routeOf({}, 'admin.7'), 'admin.7'), ...written];
    readClosedObjects(problems);
    const looked = vi.spyOn(Map.prototype, 'has');
    const closed = readClosedObjects(problems);
    const count = looked.mock.calls.length;
    looked.mockRestore();
    expect(new Set(closed.map(({ metadata }) => metadata.name)).size).toBe(1_001);
    expect(count).toBeLessThan(10_000);
  });

  it('is served under some name where its own is none', () => {
    expect(readClosedObject('HTTPRoute', 'default', 'Not_A_Name', routeOf({}))?.metadata.name).toBe('unnamed');
  });
});

describe('a refused ListenerSet', () => {
  it('is for the host names of its listeners, whatever protocol they want', () => {
    const listeners = [
      { name: 'a', port: 443, protocol: 'HTTPS', hostname: 'A.example.com', tls: 'none' },
      { name: 'b', port: 443, protocol: 'TLS', hostname: 'a.example.com' },
      { name: 'c', port: 80, protocol: 'HTTP' },
      { name: 'd', port: 'x', protocol: 'HTTP', hostname: 'b.example.com' },
      { name: 'e', port: 9000, protocol: 'TCP', hostname: 'c.example.com' },
    ];
    const set = { spec: { parentRef: { name: 'shop', typo: 1 }, listeners } };
    const spec = readClosedObject('ListenerSet', 'default', 'set', set)?.spec;
    expect(spec).toMatchObject({
      parentRef: PARENT,
      listeners: [{ port: 443, protocol: 'HTTP', hostname: 'a.example.com' }],
    });
  });
});
