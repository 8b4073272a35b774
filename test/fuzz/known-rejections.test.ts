import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LiveEnvoy, startLiveEnvoy } from '../envoy/live-envoy.ts';
import { compileRoutes, ECHO_REF } from './fuzz-world.ts';

const regex = (value: string) => ({ matches: [{ path: { type: 'RegularExpression', value } }] });

/** Rules that the schema accepts and Envoy would not, and what is said of them before Envoy sees them. */
const REFUSED: readonly (readonly [name: string, rule: object, words: RegExp])[] = [
  ['look-ahead', regex('/(?=a)'), /found "\/\(\?=a\)": "\(\?" at 3 is followed by =/u],
  ['a reference back', regex('/(a)\\1'), /"\\1" stands for nothing/u],
  ['what does not close', regex('/(a'), /a "\(" is not closed/u],
  ['too many repetitions', regex('/a{2000}'), /found the repetition \{2000\}/u],
  ['an empty expression', regex(''), /accepted is an expression that is not empty/u],
  [
    'a bad expression for a header',
    { matches: [{ headers: [{ type: 'RegularExpression', name: 'a', value: '[' }] }] },
    /header a: found "\["/u,
  ],
];

describe('real Envoy', () => {
  let envoy: LiveEnvoy;
  beforeAll(async () => {
    envoy = await startLiveEnvoy();
  });
  afterAll(() => envoy.stop());

  it.each(REFUSED)('never sees a route with %s: its status says why', async (_, rule, words) => {
    const { refused, snapshot, translation } = compileRoutes(
      [{ rules: [{ backendRefs: [ECHO_REF], ...rule }] }],
      25_403,
      9,
    );
    expect(refused).toEqual([]);
    expect(await envoy.publish(snapshot)).toEqual([]);
    const said = translation.statuses().flatMap((piece) => piece.filter(({ kind }) => kind === 'route'));
    expect(JSON.stringify(said)).toContain('"status":"False","reason":"UnsupportedValue"');
    expect(said.flatMap((one) => messagesOf(one))).toContainEqual(expect.stringMatching(words));
  });

  it('takes a rewritten prefix of any length: it becomes a regular expression', async () => {
    const long = {
      matches: [{ path: { type: 'PathPrefix', value: `/${'a'.repeat(1000)}` } }],
      filters: [{ type: 'URLRewrite', urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/' } } }],
      backendRefs: [ECHO_REF],
    };
    const { refused, snapshot } = compileRoutes([{ rules: [long] }], 25_403, 9);
    expect(refused).toEqual([]);
    expect(await envoy.publish(snapshot)).toEqual([]);
  });

  it('takes as many matches as a route can have, and long expressions', async () => {
    const rules = Array.from({ length: 16 }, (_, rule) => ({
      matches: Array.from({ length: 8 }, (__, match) => ({
        path: { type: 'RegularExpression', value: `/${rule}/${match}/${'(a|b)'.repeat(190)}` },
      })),
      backendRefs: [ECHO_REF],
    }));
    const { refused, snapshot } = compileRoutes([{ rules }], 25_403, 9);
    expect(refused).toEqual([]);
    expect(await envoy.publish(snapshot)).toEqual([]);
  });
});

type Said = ReturnType<ReturnType<typeof compileRoutes>['translation']['statuses']>[number][number];

function messagesOf(said: Said): readonly string[] {
  return said.kind === 'route' ? said.parents.flatMap(({ verdicts }) => verdicts.map(({ message }) => message)) : [];
}
