import { setTimeout as sleep } from 'node:timers/promises';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LiveEnvoy, startLiveEnvoy } from '../envoy/live-envoy.ts';
import { type EchoBackEnd, startEchoBackEnd } from '../seeds/echo-back-end.ts';
import { type SeedAnswer, send } from '../seeds/request.ts';
import { compileRoutes, ECHO_REF, type FuzzRoute } from './fuzz-world.ts';
import { anyHeaderValue } from './text.ts';

const PORT = 25_402;
const RUNS = { seed: 20_260_101, numRuns: 30 } as const;

/** Paths of few elements, so that many are prefixes of others. */
const anyElements = fc.array(fc.constantFrom('a', 'b', 'ab', 'a.b', '$1', '(b)', 'a+', '~'), {
  maxLength: 4,
});
const anyCleanPath = fc
  .tuple(anyElements, fc.boolean())
  .map(([elements, slash]) => `/${elements.join('/')}${slash && elements.length > 0 ? '/' : ''}`);
const anyPathMatch = fc.record({ type: fc.constantFrom('Exact', 'PathPrefix'), value: anyCleanPath });

type PathMatch = { readonly type: string; readonly value: string };

/** Whether a path matches, by the words of Gateway API (`PathMatchType`). */
function fits({ type, value }: PathMatch, path: string): boolean {
  if (type === 'Exact') return path === value;
  const prefix = elementsOf(value);
  const elements = elementsOf(path);
  return prefix.every((element, index) => element === elements[index]);
}

/** The elements of a path, a trailing slash of which has no meaning. */
function elementsOf(path: string): readonly string[] {
  return path.split('/').filter((element) => element !== '');
}

/** Which of the matches serves a path: an exact one, else the longest, else the first (Gateway API, `HTTPRouteRule.matches`). */
function winner(matches: readonly PathMatch[], path: string): number | undefined {
  const fitting = [...matches.entries()].filter(([, match]) => fits(match, path));
  const ranked = fitting.sort(
    ([i, a], [j, b]) =>
      Number(b.type === 'Exact') - Number(a.type === 'Exact') || b.value.length - a.value.length || i - j,
  );
  return ranked[0]?.[0];
}

describe('on real Envoy', () => {
  let envoy: LiveEnvoy;
  let echo: EchoBackEnd;
  beforeAll(async () => {
    echo = await startEchoBackEnd('echo');
    envoy = await startLiveEnvoy();
    await publish({ rules: [{ backendRefs: [ECHO_REF] }] });
    // An active listener is bound, but nothing takes its connections until the worker has it.
    while ((await ask('/').catch(() => undefined)) === undefined) await sleep(5);
  });
  afterAll(async () => {
    await envoy.stop();
    await echo.stop();
  });

  const ask = (path: string): Promise<SeedAnswer> => send({ port: PORT, host: 'fuzz.test', path });

  async function publish(route: FuzzRoute): Promise<void> {
    const { refused, snapshot } = compileRoutes([route], PORT, echo.port);
    expect(refused).toEqual([]);
    expect(await envoy.publish(snapshot)).toEqual([]);
  }

  it('a path is served by the rule that the specification names', async () => {
    const matchesAndPaths = fc.tuple(
      fc.array(anyPathMatch, { minLength: 1, maxLength: 12 }),
      fc.array(anyCleanPath, { minLength: 10, maxLength: 20, size: 'max' }),
    );
    await fc.assert(
      fc.asyncProperty(matchesAndPaths, async ([matches, paths]) => {
        const rules = matches.map((path, index) => ({
          matches: [{ path }],
          filters: [
            {
              type: 'ResponseHeaderModifier',
              responseHeaderModifier: { set: [{ name: 'x-rule', value: `${index}` }] },
            },
          ],
          backendRefs: [ECHO_REF],
        }));
        await publish({ rules });
        for (const path of [
          ...paths,
          ...matches.map(({ value }) => `${value}x`),
          ...matches.map(({ value }) => value),
        ]) {
          const { headers } = await ask(path);
          const served = winner(matches, path);
          expect([path, headers['x-rule']]).toEqual([path, served === undefined ? undefined : `${served}`]);
        }
      }),
      RUNS,
    );
  });

  it.each(['/%41', '/a%7Eb', '/a%20b', '/a%c3%a9', '/a%25b', "/a'b", '/a;b=c'])(
    'a path that is written as a client asks for it is matched: %s',
    async (value) => {
      await publish({ rules: [{ matches: [{ path: { type: 'Exact', value } }], backendRefs: [ECHO_REF] }] });
      expect((await ask(value)).status).toBe(200);
    },
  );

  it('a prefix is replaced by the text as it is written, and the rest and the query stay', async () => {
    const cases = fc.tuple(
      anyElements,
      fc.oneof(anyElements, fc.constant(['%C3%A9', '\\0', '%25', '$&'])),
      anyElements,
    );
    await fc.assert(
      fc.asyncProperty(cases, async ([prefix, replacement, rest]) => {
        await publish({
          rules: [
            {
              matches: [{ path: { type: 'PathPrefix', value: `/${prefix.join('/')}` } }],
              filters: [
                {
                  type: 'URLRewrite',
                  urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: `/${replacement.join('/')}` } },
                },
              ],
              backendRefs: [ECHO_REF],
            },
          ],
        });
        const { path } = await ask(`/${[...prefix, ...rest].join('/')}?q=/${prefix.join('/')}`);
        // Of the path "/" the slash is what follows the prefix "/", as it is of "/a/" and "/a" (`ReplacePrefixMatch`).
        const follows = prefix.length === 0 && rest.length === 0 && replacement.length > 0 ? [''] : rest;
        const expected = `/${[...replacement, ...follows].join('/')}?q=/${prefix.join('/')}`;
        expect(path).toBe(expected);
      }),
      RUNS,
    );
  });

  it('a header has the value that is written, whatever Envoy would make of it in a format', async () => {
    await fc.assert(
      fc.asyncProperty(anyHeaderValue, async (value) => {
        const set = [{ name: 'x-fuzz', value }];
        await publish({
          rules: [
            {
              filters: [
                { type: 'RequestHeaderModifier', requestHeaderModifier: { set } },
                { type: 'ResponseHeaderModifier', responseHeaderModifier: { set } },
              ],
              backendRefs: [ECHO_REF],
            },
          ],
        });
        const { headers, upstream } = await ask('/');
        expect([headers['x-fuzz'], upstream['x-fuzz']]).toEqual([value, value]);
      }),
      RUNS,
    );
  });
});
