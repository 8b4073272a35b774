import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type LiveEnvoy, startLiveEnvoy } from '../envoy/live-envoy.ts';
import { compileRoutes, ECHO_REF } from './fuzz-world.ts';

const regex = (value: string) => ({ matches: [{ path: { type: 'RegularExpression', value } }] });

/** Rules that the schema accepts and Envoy does not, and Envoy's words, which the status of the route then has. */
const REJECTED: readonly (readonly [name: string, rule: object, words: RegExp])[] = [
  ['look-ahead', regex('/(?=a)'), /invalid perl operator: \(\?=/u],
  ['a reference back', regex('/(a)\\1'), /invalid escape sequence: \\1/u],
  ['what does not close', regex('/(a'), /missing \)/u],
  ['too many repetitions', regex('/a{2000}'), /invalid repetition size/u],
  ['an empty expression', regex(''), /value length must be at least 1|debugstr/u],
];

describe('real Envoy', () => {
  let envoy: LiveEnvoy;
  beforeAll(async () => {
    envoy = await startLiveEnvoy();
  });
  afterAll(() => envoy.stop());

  it.each(REJECTED)('rejects a route with %s, with words that say why', async (_, rule, words) => {
    const { refused, snapshot } = compileRoutes([{ rules: [{ backendRefs: [ECHO_REF], ...rule }] }], 25_403, 9);
    expect(refused).toEqual([]);
    const rejections = await envoy.publish(snapshot);
    expect(rejections.map(({ type }) => type)).toEqual(['virtual-host']);
    expect(rejections[0]?.message).toMatch(words);
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
});
