import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { accepts, compileRegex, RegexBudget } from './automaton.ts';

function matches(pattern: string, text: string | Uint8Array): boolean {
  const automaton = compileRegex(pattern);
  if (!automaton.ok) throw new Error(automaton.refusal.message);
  return accepts(automaton.value, Buffer.from(text));
}

describe('a regular expression', () => {
  it.each([
    ['/a', '/a', ['', '/', '/ab', 'x/a']],
    ['/a|/b', '/b', ['/a/b', '/a|']],
    ['', '', ['a']],
    ['a*', 'aaa', ['aab']],
    ['(ab)+', 'abab', ['', 'aba']],
    ['a?b', 'b', ['aab']],
    ['a{2,3}', 'aaa', ['a', 'aaaa']],
    ['a{2}', 'aa', ['a', 'aaa']],
    ['a{2,}b', 'aaaab', ['ab']],
    ['a{,2}', 'a{,2}', ['a']],
    ['[a-c]x', 'bx', ['dx']],
    ['[^a-c]x', 'dx', ['bx']],
    ['[]a]', ']', ['[']],
    ['[a-]', '-', ['b']],
    ['[\\d_]+', '1_2', ['a']],
    ['[[:alpha:]]+', 'aB', ['1']],
    ['[[:^alpha:]]', '1', ['a']],
    ['\\w+\\.\\S', 'a_1.x', ['a-1.x', 'a_1. ']],
    ['(?i)abc', 'aBC', ['abd']],
    ['a(?i:b)c', 'aBc', ['aBC', 'Abc']],
    ['(?P<name>a)(?<other>b)(?:c)', 'abc', ['ab']],
    ['\\Qa.b\\E.', 'a.bx', ['axbx']],
    ['/\\Qadmi\\E+', '/admiii', ['/admiadmi', '/adm']],
    ['a\\Q(\\E{2}', 'a((', ['a(', '((']],
    ['[\\d-z]', '-', ['a']],
    ['[\\p{Zl}-a]', '-', ['b']],
    ['\\p{Any}', '\n', ['ab']],
    ['\\p{C}', '\u{E000}', ['\u{378}', 'a']],
    ['(a{10}){100}', 'a'.repeat(1000), ['a'.repeat(999)]],
    ['{a}\\_', '{a}_', ['a']],
    ['^a$', 'a', ['ba', 'ab']],
    ['\\Aa\\z', 'a', ['aa']],
    ['(^|/)x', 'x', ['ax']],
    ['^$', '', ['a']],
    ['a$b', 'never', ['ab', 'a$b']],
    ['\\x41\\x{1F600}\\101', 'A😀A', ['AA']],
    ['.', 'ü', ['\n', 'ab']],
    ['(?s).', '\n', ['']],
    ['ü+', 'üü', ['u']],
    ['[à-ÿ]', 'é', ['e', 'Ā']],
    ['\\p{Greek}+', 'αβγ', ['abc']],
    ['\\pL+', 'aé', ['a1']],
    ['\\P{^Lu}\\PN', 'AB', ['ab', 'A1']],
    ['(?i)straße', 'STRAßE', ['STRASSE']],
    ['a+?b*?', 'aab', ['b']],
  ])('%s matches %j and not %j', (pattern, text, others) => {
    expect(matches(pattern, text)).toBe(text !== 'never');
    for (const other of others) expect(matches(pattern, other), other).toBe(false);
  });

  it('takes bytes that are no UTF-8 for no character', () => {
    expect(matches('.*', Uint8Array.of(0xff))).toBe(false);
    expect(matches('.*', Uint8Array.of(0xc0, 0xaf))).toBe(false);
    expect(matches('.*', Uint8Array.of(0xed, 0xa0, 0x80))).toBe(false);
  });

  it.each([
    ['(a', 'not closed'],
    ['a)', 'closes nothing'],
    ['[a', 'not closed'],
    ['[b-a]', 'ends before it begins'],
    ['*a', 'repeats nothing'],
    ['a**', 'repeats a repetition'],
    ['a{3,2}', 'found the repetition {3,2}'],
    ['a{1001}', 'accepted are up to 1000'],
    ['\\bword', '"\\b" is not supported'],
    ['\\y', '"\\y" stands for nothing'],
    ['\\', 'stands for nothing'],
    ['(?=a)', 'accepted are flags'],
    ['(?m)a', 'accepted are flags'],
    ['\\p{Nothing}', 'names no class'],
    ['[[:nothing:]]', 'names no class'],
    ['(.*a.{15}|b)c', 'too complex'],
    ['((a{1000}){1000}){1000}', 'repeat 1000000 times, accepted are 1000'],
    ['(a{2}b{501}){2}', 'repeat 1002 times'],
    ['((a?){100}b?){9}', 'too complex'],
    ['{2}', 'repeats nothing'],
    ['(?i)*', 'repeats nothing'],
    ['\\Q\\E*', 'repeats nothing'],
    ['\\p{Emoji}', 'names no class'],
    ['\\p{Letter}', 'names no class'],
    ['\\p{Grek}', 'names no class'],
    ['\\p{Cn}', 'names no class'],
    ['[!-\\d]', 'stands for nothing'],
    ['[[:a-b:]]', 'names no class'],
    ['\\€', 'stands for nothing'],
    ['(?i-)a', 'takes away no flag'],
    ['((a|b|c|d|e|f|g)?){1000}', 'too complex'],
  ])('%s is refused: %s', (pattern, words) => {
    expect(compileRegex(pattern)).toMatchObject({ ok: false, refusal: { message: expect.stringContaining(words) } });
  });

  it.each(['(?i)(.*\\pL.{9})', '(a?){1000}', '(\\pL|a)*b{500}'])('%s is refused before it has cost much', (pattern) => {
    expect(compileRegex(pattern)).toMatchObject({
      ok: false,
      refusal: { message: expect.stringContaining('takes more than 1000000 steps to make') },
    });
  });

  it.each(['a{1000}', '[a-z]{0,1000}', '.{0,100}', '\\pL+', '([a-z0-9]{1,63}\\.){1,8}com'])('%s is not', (pattern) => {
    expect(compileRegex(pattern).ok).toBe(true);
  });

  it('is compiled once, and is the same automaton each time', () => {
    const [first, second] = [compileRegex('/once/[0-9]+'), new RegexBudget().compile('/once/[0-9]+')];
    expect(first.ok && second.ok && first.value === second.value).toBe(true);
  });

  it('of a real route is small', () => {
    const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';
    const automaton = compileRegex(`\\/user\\/${uuid}\\/send`);
    expect(automaton.ok && automaton.value.next.length).toBeLessThan(2_000);
    expect(matches(`/user/${uuid}/send`, '/user/3f2b8f4e-1c2d-4e5f-8a9b-0c1d2e3f4a5b/send')).toBe(true);
  });

  it('says what JavaScript says', () => {
    const leaf = fc.constantFrom('a', 'b', 'ab', '.', '[ab]', '[^a]', '\\d', '\\w', '^', '$', 'ü', '');
    const pattern = fc.letrec<{ one: string }>((tie) => ({
      one: fc.oneof(
        { depthSize: 'small' },
        leaf,
        fc.tuple(tie('one'), tie('one')).map(([a, b]) => `${a}${b}`),
        fc.tuple(tie('one'), tie('one')).map(([a, b]) => `(?:${a}|${b})`),
        fc.tuple(tie('one'), fc.constantFrom('*', '+', '?', '{2}', '{1,3}')).map(([a, count]) => `(?:${a})${count}`),
      ),
    })).one;
    const texts = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'ü', '1', '_', '\n'), maxLength: 8 }), {
      minLength: 20,
      maxLength: 20,
    });
    fc.assert(
      fc.property(pattern, texts, (source, all) => {
        const expected = new RegExp(`^(?:${source})$`, 'u');
        for (const text of all)
          expect(matches(source, text), `${source} on ${JSON.stringify(text)}`).toBe(expected.test(text));
      }),
      { numRuns: 400 },
    );
  });
});

describe('the regular expressions of one object', () => {
  it('are refused once all together have cost too much, also those that cost little', () => {
    const budget = new RegexBudget();
    const costly = (index: number): string => `(?i)(.*\\pL.{9})${index}`;
    const refused = Array.from({ length: 100 }, (_, index) => budget.compile(costly(index)));
    expect(refused.map((outcome) => !outcome.ok && outcome.refusal.message.includes('together'))).toEqual(
      refused.map((_, index) => index >= 3),
    );
    expect(budget.compile('a')).toMatchObject({
      ok: false,
      refusal: { message: expect.stringMatching(/^found .*accepted are/u) },
    });
    expect(new RegexBudget().compile('a').ok).toBe(true);
  });

  it('cost the same whether or not they are remembered, and equal ones cost once', () => {
    for (let round = 0; round < 2; round++) {
      const budget = new RegexBudget();
      for (let times = 0; times < 1000; times++) expect(budget.compile('.{0,100}').ok).toBe(true);
      const others = Array.from({ length: 20 }, (_, index) => budget.compile(`.{0,${index + 90}}`).ok);
      expect(others.filter(Boolean)).toHaveLength(14);
    }
  });
});
