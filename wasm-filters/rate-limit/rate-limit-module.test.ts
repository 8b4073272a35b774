import { create, toBinary } from '@bufbuild/protobuf';
import { beforeAll, describe, expect, it } from 'vitest';
import { schema } from '#proto/load.ts';
import { withNeeds } from '#proto/needs.ts';
import { compileFilter } from '../build.ts';
import { type FilterHost, loadFilter } from '../testing/filter-host.ts';

let wasm: Uint8Array;
beforeAll(async () => {
  wasm = await compileFilter('rate-limit');
});

const text = (json: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(json));
const PER_USER = {
  local: [
    {
      name: 'per user',
      requests: 2,
      window: 60,
      headers: true,
      selectors: [{ header: { name: 'X-User', distinct: true } }],
    },
  ],
};

async function host(): Promise<FilterHost> {
  return loadFilter(wasm, { now: () => 1_800_000_000_000 });
}

const ask = (filter: FilterHost, user: string) =>
  filter.request({
    headers: [
      [':path', '/'],
      ['x-user', user],
    ],
  });

describe('the module rate-limit', () => {
  it('counts by a RateLimit as JSON', async () => {
    const filter = await host();
    expect(filter.configure(text(PER_USER))).toBe(true);
    const asked = ['alice', 'alice', 'alice', 'bob'].map((user) => ask(filter, user).kind);
    expect(asked).toEqual(['continue', 'continue', 'response', 'continue']);
    expect(ask(filter, 'alice')).toMatchObject({ status: 429, details: 'sluice_rate_limited' });
  });

  it('tells of the limit that leaves least in the headers of the response', async () => {
    const filter = await host();
    filter.configure(text(PER_USER));
    const request = {
      headers: [
        [':path', '/'],
        ['x-user', 'alice'],
      ],
      response: [[':status', '200']],
    } as const;
    const told = [
      ['x-ratelimit-limit', '2'],
      ['x-ratelimit-remaining', '1'],
      ['x-ratelimit-reset', '0'],
    ];
    expect(filter.request(request)).toMatchObject({ responseHeaders: [[':status', '200'], ...told] });
  });

  it('counts by a RateLimitFilter, and goes on counting when it is configured anew', async () => {
    const type = schema('sluice.filter.v1.RateLimitFilter');
    const encoded = (requests: number): Uint8Array =>
      toBinary(type, withNeeds(type, create(type, { rateLimit: { local: [{ name: 'all', requests, window: 60 }] } })));
    const filter = await host();
    expect(filter.configure(encoded(1))).toBe(true);
    expect(['a', 'b'].map((user) => ask(filter, user).kind)).toEqual(['continue', 'response']);
    expect(filter.configure(encoded(2))).toBe(true);
    expect(['a', 'b'].map((user) => ask(filter, user).kind)).toEqual(['response', 'response']);
  });

  it('waits for the sidecar for what is global, and is 503 without it', async () => {
    const filter = await host();
    filter.configure(text({ global: [{ name: 'all', requests: 2, window: 60 }] }));
    const paused = ask(filter, 'alice');
    const id = paused.kind === 'paused' ? paused.id : 0;
    for (const { token } of filter.calls()) filter.answer(token, { kind: 'failure' });
    expect(filter.resultOf(id)).toMatchObject({ status: 503, details: 'sluice_rate_limit_unavailable' });
  });

  it.each([
    ['nothing', {}],
    ['a limit without a window', { local: [{ requests: 1 }] }],
    ['a field that there is not', { local: [{ requests: 1, window: 1, unit: 'Hour' }] }],
    ['a header without a name', { local: [{ requests: 1, window: 1, selectors: [{ header: { exact: 'a' } }] }] }],
    ['text', 'none'],
  ])('refuses %s, and keeps what it has', async (_, config) => {
    const filter = await host();
    expect(filter.configure(text(config))).toBe(false);
    expect(filter.configure(text(PER_USER))).toBe(true);
    expect(filter.configure(text(config))).toBe(false);
    expect(ask(filter, 'alice').kind).toBe('continue');
  });
});
