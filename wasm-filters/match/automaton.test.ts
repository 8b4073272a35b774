import * as fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { automatonConfig } from '#controller/features/match/config.ts';
import { compileRegex } from '#controller/regex/automaton.ts';
import { enumMembers } from '#proto/load.ts';
import { compilePolicy } from '../build.ts';
import { type FilterHost, loadFilter } from '../testing/filter-host.ts';
import { encodePolicy, onRoute, type PolicyInit } from '../testing/policy-bytes.ts';

const { ALLOW } = enumMembers('sluice.filter.v1.AuthorizationAction');

let host: FilterHost;
beforeAll(async () => {
  host = await loadFilter(await compilePolicy());
  host.configure(new Uint8Array());
});

type Automaton = ReturnType<typeof automatonConfig>;

function automatonOf(pattern: string): Automaton {
  const automaton = compileRegex(pattern);
  if (!automaton.ok) throw new Error(automaton.refusal.message);
  return automatonConfig(automaton.value);
}

/** The status for a path, by a policy that allows the paths that an automaton accepts. */
function ask(regex: Automaton, path: string): number {
  const policy: PolicyInit = {
    authorization: { rules: [{ action: ALLOW, path: { kind: { case: 'regex', value: regex } } }] },
  };
  const result = host.request({ headers: [[':path', path]], properties: onRoute(encodePolicy(policy)) });
  if (result.kind === 'trap') throw result.error;
  return result.kind === 'response' ? result.status : 200;
}

describe('a regular expression in the filter', () => {
  it.each([
    ['/users/[0-9]+', '/users/42', '/users/42/x'],
    ['/a|/b', '/b?query', '/c'],
    ['/.*\\.png', '/a/b.png', '/a/b.png/'],
    ['/ü', '/ü', '/u'],
  ])('%s matches %s, and not %s', (pattern, path, other) => {
    expect(ask(automatonOf(pattern), path)).toBe(200);
    expect(ask(automatonOf(pattern), other)).toBe(403);
  });

  it('takes no more than a look at each byte of the longest path', () => {
    expect(ask(automatonOf('(/a*)*b'), `${'/aaaaaaa'.repeat(8_000)}c`)).toBe(403);
  });

  const good = automatonOf('/a');
  it.each([
    ['classes that are not 256', { ...good, classes: Uint8Array.of(1) }],
    ['a class that is too high', { ...good, classes: new Uint8Array(256).fill(255) }],
    ['a table that is too short', { ...good, next: Uint8Array.of(0, 0) }],
    ['a state that is not there', { ...good, next: new Uint8Array(good.next?.length ?? 0).fill(255) }],
    ['no states', { ...good, accepting: new Uint8Array(), next: new Uint8Array() }],
    ['no classes', { ...good, classCount: 0, next: new Uint8Array() }],
  ])('that has %s makes a policy that is not understood', (_, automaton) => {
    expect(ask(automaton, '/a')).toBe(503);
  });

  it('never traps, whatever it is made of', () => {
    const bytes = fc.uint8Array({ maxLength: 40 });
    fc.assert(
      fc.property(
        bytes,
        bytes,
        bytes,
        fc.nat(300),
        fc.string({ maxLength: 9 }),
        (classes, next, accepting, classCount, path) => {
          const whole = new Uint8Array(256);
          whole.set(classes);
          expect([200, 403, 503]).toContain(ask({ classes: whole, next, accepting, classCount }, path));
        },
      ),
      { numRuns: 500 },
    );
  });
});
