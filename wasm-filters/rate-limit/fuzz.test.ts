import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { automatonConfig } from '#controller/features/match/config.ts';
import { compileRegex } from '#controller/regex/automaton.ts';
import { compilePolicy } from '../build.ts';
import { type FilterHost, type Headers, loadFilter } from '../testing/filter-host.ts';
import { encodePolicy, identified, onRoute } from '../testing/policy-bytes.ts';
import { grpcAnswer } from '../testing/sidecar-answer.ts';
import { type LimitInit, scopeMark } from './testing/limited-worker.ts';

const regex = compileRegex('[a-c]*(x|é)');
if (!regex.ok) throw new Error(regex.refusal.message);
const automaton = automatonConfig(regex.value);

/** Limits that look at everything a request has. */
const LIMITS: LimitInit[] = [
  {
    name: 'by all',
    requests: 100,
    window: 1,
    lease: 4,
    headers: true,
    selectors: [
      { selector: { case: 'header', value: { name: 'x-user', test: { case: 'distinct', value: true } } } },
      { selector: { case: 'queryParameter', value: { name: 'q', test: { case: 'distinct', value: true } } } },
      { selector: { case: 'path', value: { kind: { case: 'prefix', value: '/a' } } } },
    ],
  },
  {
    name: 'by expressions',
    requests: 1_000_000,
    window: 60,
    selectors: [
      { selector: { case: 'header', value: { name: 'x-user', test: { case: 'regex', value: automaton } } } },
      {
        selector: {
          case: 'queryParameter',
          value: { name: 'q', test: { case: 'regex', value: automaton }, invert: true },
        },
      },
      { selector: { case: 'path', value: { kind: { case: 'regex', value: automaton }, invert: true } } },
    ],
  },
  {
    name: 'by address',
    requests: 4_294_967_295,
    window: 1,
    cost: { from: { case: 'metadata', value: { namespace: 'n', key: 'k' } } },
    selectors: [
      {
        selector: {
          case: 'address',
          value: { block: { network: Uint8Array.of(0, 0, 0, 0), prefixLength: 0 }, distinct: true },
        },
      },
    ],
  },
  { name: 'others', requests: 10, window: 31_536_000, otherwise: true, shared: true },
];
const POLICY = encodePolicy({ rateLimit: { local: LIMITS, global: LIMITS.slice(0, 2) } });

let host: FilterHost;
let now = 1_800_000_000_000;
beforeAll(async () => {
  host = await loadFilter(await compilePolicy(), { now: () => now });
  host.configure(new Uint8Array());
});

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({
    unit: fc.constantFrom('&', '=', '?', '%', '%4', '%41', 'q', '/a', ',', ' ', 'x', 'é', '[', ':', '1'),
    maxLength: 14,
  }),
);
const names = fc.oneof(fc.constantFrom(':path', ':method', 'x-user', ''), text);
const mark = fc.oneof(fc.constant(scopeMark('route')), fc.constant(`+${scopeMark('r', 3)}`), text);
const KINDS = ['continue', 'response', 'paused'];

describe('no request traps the filter', () => {
  it('whatever it and its address are, and whatever the clock does', () => {
    const headers = fc.array(fc.tuple(names, text), { maxLength: 8 });
    const step = fc.oneof(fc.nat(5_000), fc.integer({ min: -5_000_000, max: 5_000_000 }));
    fc.assert(
      fc.property(headers, text, mark, step, fc.double(), (all: Headers, address, behind, wait, cost) => {
        now += wait;
        const route = onRoute(POLICY, 'route', behind);
        const result = host.request({
          headers: all,
          properties: (path, received) => {
            if (path.join('.') === 'source.address') return address;
            if (path[0] === 'metadata') return new Uint8Array(Float64Array.of(cost).buffer);
            return route(path, received);
          },
        });
        expect(KINDS).toContain(result.kind);
        for (const { token } of host.calls()) host.answer(token, { kind: 'failure' });
      }),
      { numRuns: 3_000 },
    );
  });

  it('whatever the bytes of its policy are', () => {
    const edits = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(edits, (all) => {
        const bytes = POLICY.bytes.slice();
        for (const [at, value] of all) bytes[at % bytes.length] = value;
        const headers: Headers = [
          [':path', '/a?q=abx'],
          ['x-user', 'abx'],
        ];
        expect(KINDS).toContain(host.request({ headers, properties: onRoute(identified(bytes)) }).kind);
        for (const { token } of host.calls()) host.answer(token, { kind: 'failure' });
      }),
      { numRuns: 3_000 },
    );
  });

  it('whatever the sidecar answers', () => {
    let count = 0;
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.boolean(), fc.nat(400), (bytes, isEcho, at) => {
        count += 1;
        const request = {
          headers: [
            [':path', '/a?q=1'],
            ['x-user', `user ${count}`],
          ] as Headers,
          properties: onRoute(POLICY, 'route', scopeMark('answers')),
        };
        host.request(request);
        for (let round = 0; round < 20 && host.calls().length > 0; round++) {
          for (const { token, body } of host.calls()) {
            const answer = isEcho ? Buffer.concat([body.subarray(5, 23), bytes]) : body.subarray(5, 5 + at);
            host.answer(token, grpcAnswer(answer, count % 5 === 0 ? 14 : 0));
          }
        }
        expect(KINDS).toContain(host.request(request).kind);
        for (const { token } of host.calls()) host.answer(token, { kind: 'failure' });
      }),
      { numRuns: 1_500 },
    );
  });
});
