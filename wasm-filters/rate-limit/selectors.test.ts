import { beforeAll, describe, expect, it } from 'vitest';
import { compileRegex } from '#controller/regex/automaton.ts';
import { automatonConfig } from '#controller/features/match/config.ts';
import { sharedData } from '../testing/filter-host.ts';
import { type Asked, type LimitedWorker, type LimitInit, limitedWorker, outcome } from './testing/limited-worker.ts';

type Selector = NonNullable<LimitInit['selectors']>[number];

let worker: LimitedWorker | undefined;
let names = 0;
beforeAll(async () => {
  worker = await limitedWorker(() => 1_800_000_000_000, sharedData());
});

function regex(source: string) {
  const made = compileRegex(source);
  if (!made.ok) throw new Error(made.refusal.message);
  return { case: 'regex', value: automatonConfig(made.value) } as const;
}

/** Whether a limit with these selectors applies to a request. */
function applies(selectors: readonly Selector[], asked: Asked): boolean {
  names += 1;
  const limit = { name: `limit ${names}`, requests: 0, window: 1, selectors: [...selectors] };
  const result = worker?.ask({ local: [limit] }, asked);
  return result !== undefined && outcome(result) === 429;
}

/** How many counters these requests have. */
function counters(selectors: readonly Selector[], all: readonly Asked[]): number {
  names += 1;
  const limit = { name: `limit ${names}`, requests: 1, window: 3600, selectors: [...selectors] };
  return all.filter((asked) => worker !== undefined && outcome(worker.ask({ local: [limit] }, asked)) === 'passed')
    .length;
}

const header = (value: object): Selector => ({ selector: { case: 'header', value: { name: 'x-user', ...value } } });
const query = (value: object): Selector => ({
  selector: { case: 'queryParameter', value: { name: 'user', ...value } },
});
const exact = (value: string) => ({ test: { case: 'exact', value } }) as const;
const users = (...values: readonly string[]): Asked => ({ headers: values.map((value) => ['x-user', value] as const) });

describe('a header', () => {
  it.each([
    ['that is the value', exact('one'), users('one'), true],
    ['that is another', exact('one'), users('two'), false],
    ['that is absent', exact('one'), {}, false],
    ['of which one value is the value: no second one hides it', exact('one'), users('two', 'one'), true],
    ['of which a part between commas is the value', exact('one'), users('two , one'), true],
    ['whose value holds commas itself', exact('a, b'), users('a, b'), true],
    ['that matches as a whole', { test: regex('o.e|two') }, users('one'), true],
    ['that matches in part only', { test: regex('o.e|two') }, users('ones'), false],
    ['inverted, of another value', { ...exact('one'), invert: true }, users('two'), true],
    ['inverted, of the value', { ...exact('one'), invert: true }, users('one'), false],
    ['inverted, and absent', { ...exact('one'), invert: true }, {}, true],
    ['inverted, of which one value is another', { ...exact('one'), invert: true }, users('one', 'two'), true],
    ['inverted, that matches', { test: regex('o.e'), invert: true }, users('one'), false],
  ])('%s', (_, test, asked, expected) => {
    expect(applies([header(test)], asked)).toBe(expected);
  });
});

describe('a method', () => {
  const method = (value: object): Selector => ({ selector: { case: 'method', value } });
  it.each([
    ['one of several', { methods: ['GET', 'POST'] }, 'POST', true],
    ['another', { methods: ['GET', 'POST'] }, 'PUT', false],
    ['inverted', { methods: ['GET'], invert: true }, 'PUT', true],
    ['inverted, the one', { methods: ['GET'], invert: true }, 'GET', false],
  ])('%s', (_, test, asked, expected) => {
    expect(applies([method(test)], { method: asked })).toBe(expected);
  });
});

describe('a path', () => {
  const path = (value: object): Selector => ({ selector: { case: 'path', value } });
  it.each([
    ['exact, whatever the query is', { kind: { case: 'exact', value: '/a' } }, '/a?b=c', true],
    ['exact, another', { kind: { case: 'exact', value: '/a' } }, '/a/b', false],
    ['of path elements', { kind: { case: 'prefix', value: '/a' } }, '/a/b?c', true],
    ['of other path elements', { kind: { case: 'prefix', value: '/a' } }, '/ab', false],
    ['that matches', { kind: regex('/u/\\d+') }, '/u/17?x', true],
    ['inverted', { kind: { case: 'prefix', value: '/a' }, invert: true }, '/b', true],
  ])('%s', (_, test, asked, expected) => {
    expect(applies([path(test)], { path: asked })).toBe(expected);
  });
});

describe('an address', () => {
  const network = Uint8Array.of(10, 0, 1, 0);
  const address = (more: object): Selector => ({
    selector: { case: 'address', value: { block: { network, prefixLength: 24 }, ...more } },
  });
  it.each([
    ['in the block', {}, '10.0.1.7:1234', true],
    ['outside of it', {}, '10.0.2.7:1234', false],
    ['of the other family', {}, '[::1]:1234', false],
    ['inverted', { invert: true }, '10.0.2.7:1234', true],
    ['inverted, in the block', { invert: true }, '10.0.1.7:1234', false],
    ['that cannot be told', {}, undefined, true],
    ['that cannot be told, inverted', { invert: true }, undefined, true],
  ])('%s', (_, test, from, expected) => {
    expect(applies([address(test)], from === undefined ? {} : { from })).toBe(expected);
  });

  it('has a counter of its own, whatever its port, when it is distinct', () => {
    const all = ['10.0.1.7:1', '10.0.1.7:2', '10.0.1.8:1'].map((from) => ({ from }));
    expect(counters([address({ distinct: true })], all)).toBe(2);
    expect(counters([address({})], all)).toBe(1);
  });
});

describe('a query parameter', () => {
  it.each([
    ['that is the value', exact('a b'), '/?x=1&user=a%20b', true],
    ['under an encoded name', exact('a'), '/?%75ser=a', true],
    ['that is another', exact('a'), '/?user=b', false],
    ['that is absent', exact('a'), '/?xuser=a', false],
    ['in the path only', exact('a'), '/user=a', false],
    ['of which one value is the value', exact('a'), '/?user=b&user=a', true],
    ['without a value', exact(''), '/?user', true],
    ['with what is no encoding', exact('%zz%4'), '/?user=%zz%4', true],
    ['that matches', { test: regex('\\d+') }, '/?user=12', true],
    ['inverted', { ...exact('a'), invert: true }, '/?user=b', true],
    ['inverted, and absent', { ...exact('a'), invert: true }, '/', true],
    ['inverted, of the value', { ...exact('a'), invert: true }, '/?user=a', false],
  ])('%s', (_, test, path, expected) => {
    expect(applies([query(test)], { path })).toBe(expected);
  });
});

describe('selectors together', () => {
  it('must all match', () => {
    const both = [header(exact('one')), query(exact('a'))];
    expect(applies(both, { ...users('one'), path: '/?user=a' })).toBe(true);
    expect(applies(both, { ...users('one'), path: '/?user=b' })).toBe(false);
    expect(applies(both, { ...users('two'), path: '/?user=a' })).toBe(false);
  });

  it('tell counters apart by the values of all that are distinct, which do not run into each other', () => {
    const distinct = { test: { case: 'distinct', value: true } } as const;
    const all = [
      { ...users('ab'), path: '/?user=c' },
      { ...users('a'), path: '/?user=bc' },
      { ...users('a'), path: '/?user=bc&x' },
      { ...users('ab'), path: '/' },
    ];
    expect(counters([header(distinct), query(distinct)], all)).toBe(3);
  });

  it.each([
    ['a selector of nothing', [{}]],
    ['a test of nothing', [header({})]],
    ['a distinct one that is inverted', [header({ test: { case: 'distinct', value: true }, invert: true })]],
    ['an address without a block', [{ selector: { case: 'address', value: {} } }] as const],
    ['half a block', [{ selector: { case: 'address', value: { block: { network: Uint8Array.of(1) } } } }] as const],
  ])('that cannot be evaluated close the route: %s', (_, selectors) => {
    const limit = { name: 'bad', requests: 1, window: 1, selectors: [...selectors] };
    expect(worker && outcome(worker.ask({ local: [limit] }))).toBe(503);
  });

  it('of a limit without a window close the route', () => {
    expect(worker && outcome(worker.ask({ local: [{ name: 'bad', requests: 1 }] }))).toBe(503);
  });
});
