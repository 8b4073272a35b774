import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CATEGORIES, SCRIPTS } from '#controller/regex/unicode-names.ts';
import { regexProblem } from '#controller/regex/problem.ts';
import { encode } from '#controller/xds/build/message.ts';
import { lower } from '#controller/xds/lower.ts';
import { type XdsSnapshot, xdsResource } from '#controller/xds/snapshot.ts';
import { plainProxy } from '#controller/xds/testing/plain-proxy.ts';
import { type LiveEnvoy, startLiveEnvoy } from './live-envoy.ts';

/** A snapshot with a cluster for each expression, named by its place, which has the expression in its health checks. */
function withExpressions(patterns: readonly string[]): XdsSnapshot {
  const snapshot = lower(plainProxy({ address: '127.0.0.1', port: 18_183 }, [], []), undefined);
  const clusters = patterns.map((regex, index) => {
    const name = `expression-${index}`;
    const check = {
      timeout: { seconds: 1n },
      interval: { seconds: 1n },
      unhealthyThreshold: 1,
      healthyThreshold: 1,
      healthChecker: {
        case: 'httpHealthCheck' as const,
        value: {
          path: '/',
          serviceNameMatcher: { matchPattern: { case: 'safeRegex' as const, value: { regex } } },
        },
      },
    };
    const bytes = encode('envoy.config.cluster.v3.Cluster', {
      name,
      connectTimeout: { seconds: 1n },
      healthChecks: [check],
    });
    return [name, xdsResource('cluster', name, bytes)] as const;
  });
  return { ...snapshot, cluster: new Map([...snapshot.cluster, ...clusters]) };
}

describe('what Envoy says of a regular expression', () => {
  let envoy: LiveEnvoy;
  beforeAll(async () => {
    envoy = await startLiveEnvoy();
  });
  afterAll(() => envoy.stop());

  /** The expressions that Envoy refuses. */
  async function refused(patterns: readonly string[]): Promise<readonly string[]> {
    const rejections = await envoy.publish(withExpressions(patterns));
    return rejections.map(({ name }) => patterns[Number(name.replace('expression-', ''))] ?? name).toSorted();
  }

  it('is what is said of it before', async () => {
    const taken = [
      ...[...CATEGORIES, ...SCRIPTS, 'Any'].map((name) => `\\p{${name}}`),
      '\\pL\\PN\\p{^Lu}[\\pL\\d-]',
      '[!-\\x2f]',
      '[\\d-z]',
      '[\\p{Zl}-a]',
      '[A-\\]]',
      '[[:alpha:][:^digit:]-]',
      '[[:a]',
      '(x{100}){10}',
      '((x{10}){10}){10}',
      '(x{1000}|y{1000})*',
      '(x{0}){1000}',
      '\\Qa.b\\E+',
      '\\Qadmi\\E+',
      '\\Q\\E',
      'a\\Q',
      '\\_\\-\\/\\ ',
      '(?i)a(?-i)b(?i-s:c)',
      '(?P<name>a)(?<other>b)',
      'a{,2}',
      '{a}',
      '.{1000}',
      '\\pL{1000}\\pL{1000}',
      '.{1000}'.repeat(9),
      'a{1000}'.repeat(19),
      '(?i)a{1000}'.repeat(19),
      '(?:abc|[a-f])*'.repeat(70),
      '[^a]{900}',
      '(?m:^a$)\\b\\B\\C',
    ];
    expect(taken.filter((pattern) => regexProblem(pattern) !== undefined)).toEqual([]);
    expect(await refused(taken)).toEqual([]);
    const bad = [
      '\\p{Emoji}',
      '\\p{Letter}',
      '\\p{Alphabetic}',
      '\\p{Script=Greek}',
      '\\p{Grek}',
      '\\p{ASCII}',
      '\\p{Cn}',
      '\\pE',
      '[!-\\d]',
      '[!-\\pL]',
      '[[:nothing:]]',
      '[[:a-b:]]',
      '(x{1000}){1000}',
      '((x{11}){10}){10}',
      '(x{2}y{501}){2}',
      '{2}',
      'a|{2}',
      '(*a)',
      '(?i)*',
      '\\Q\\E*',
      '(?i-)a',
      '(?-:a)',
      '\\é',
      '\\€',
      '\\q',
      '\\E',
      '.{1000}'.repeat(11),
      '\\pL{1000}'.repeat(4),
      'a{1000}'.repeat(21),
      '(?:\\pL\\PL\\pN\\PN\\pS\\PS){1000}',
      '(?=a)',
      '(a)\\1',
    ];
    expect(bad.filter((pattern) => regexProblem(pattern) === undefined)).toEqual([]);
    expect(await refused(bad)).toEqual(bad.toSorted());
  });
});
