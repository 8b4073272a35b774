import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type Outcome, refusal, success } from '../resources/verdict.ts';
import { manualClock } from '../runtime/testing/manual-clock.ts';
import { type Change, WantLoop } from './want-loop.ts';

interface Want {
  readonly name: string;
  readonly refresh: number;
  readonly retry: number;
}

const want = (name: string, refresh = 60_000): Want => ({ name, refresh, retry: 1_000 });

/** A loop whose answers the test gives; `said` is what it told, "name=answer" or "name!failure". */
function looping({ cached = {} }: { readonly cached?: { readonly [name: string]: string } } = {}) {
  const clock = manualClock();
  const said: string[] = [];
  const asked: string[] = [];
  const written = new Map(Object.entries(cached));
  const answers = new Map<string, string | Error>();
  const open: ((outcome: Outcome<string>) => void)[] = [];
  const aborted: string[] = [];
  const loop = new WantLoop<Want, string>({
    keyOf: ({ name }) => name,
    fetch: ({ name }, signal) => {
      asked.push(name);
      signal.addEventListener('abort', () => aborted.push(name));
      const answer = answers.get(name);
      if (answer === undefined) return new Promise((resolve) => open.push(resolve));
      return Promise.resolve(answer instanceof Error ? refusal('Unreachable', answer.message) : success(answer));
    },
    isSame: (a, b) => a === b,
    cache: {
      read: ({ name }) => written.get(name),
      write: ({ name }, answer) => void written.set(name, answer),
      forget: ({ name }) => void written.delete(name),
    },
    clock,
    random: () => 0,
    changed: (changes) => said.push(changes.map(shown).join(' ')),
    tried: () => undefined,
  });
  /** Lets time pass, and what comes of it happen. */
  const pass = async (ms: number): Promise<void> => {
    const steps = 50;
    for (let i = 0; i < steps; i += 1) {
      clock.pass(ms / steps);
      await turn();
    }
  };
  return { loop, clock, said, asked, written, answers, open, aborted, pass };
}

function shown({ want: { name }, known }: Change<Want, string>): string {
  if (known === undefined) return `${name} forgotten`;
  const { answer = 'nothing', failure } = known;
  return failure === undefined ? `${name}=${answer}` : `${name}=${answer}!${failure}`;
}

describe('a want', () => {
  it('is answered, and asked for again before its answer is out of date', async () => {
    const { loop, said, asked, answers, pass } = looping();
    answers.set('a', 'one');
    expect(loop.want([want('a')])).toEqual([]);
    await pass(100);
    expect(said).toEqual(['a=one']);
    answers.set('a', 'two');
    await pass(59_000);
    expect(asked).toEqual(['a']);
    await pass(1_000);
    expect(said).toEqual(['a=one', 'a=two']);
  });

  it('is told of only when something changed', async () => {
    const { loop, said, asked, answers, pass } = looping();
    answers.set('a', 'one');
    loop.want([want('a')]);
    await pass(300_000);
    expect(asked.length).toBeGreaterThan(3);
    expect(said).toEqual(['a=one']);
  });

  it('of several who want the same is asked for once', async () => {
    const { loop, asked, answers, pass } = looping();
    answers.set('a', 'one');
    loop.want([want('a'), want('a')]);
    loop.want([want('a')]);
    await pass(100);
    expect(asked).toEqual(['a']);
  });

  it('that fails is tried again for ever, with longer and longer pauses up to a minute', async () => {
    const { loop, asked, answers, pass, clock } = looping();
    answers.set('a', new Error('down'));
    loop.want([want('a')]);
    const times: number[] = [];
    for (let at = 0; clock.now() < 600_000;) {
      await pass(500);
      if (asked.length > at) times.push(clock.now());
      at = asked.length;
    }
    const pauses = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(pauses.slice(0, 6)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000]);
    expect(new Set(pauses.slice(7))).toEqual(new Set([30_000]));
    expect(pauses.length).toBeGreaterThan(15);
  });

  it('that fails says so once, keeps its last good answer, and says when it is good again', async () => {
    const { loop, said, answers, pass } = looping();
    answers.set('a', 'one');
    loop.want([want('a', 10_000)]);
    await pass(100);
    answers.set('a', new Error('down'));
    await pass(120_000);
    answers.set('a', 'one');
    await pass(60_000);
    expect(said).toEqual(['a=one', 'a=one!down', 'a=one']);
    expect(loop.counts()).toEqual({ answered: 1, stale: 0, pending: 0 });
  });

  it('that is answered is pending until that has been told', async () => {
    const { loop, said, answers, pass } = looping();
    answers.set('a', 'one');
    loop.want([want('a')]);
    await pass(1);
    expect(said).toEqual([]);
    expect(loop.counts().pending).toBe(1);
    await pass(100);
    expect(said).toEqual(['a=one']);
    expect(loop.counts()).toEqual({ answered: 1, stale: 0, pending: 0 });
  });

  it('that was never answered is pending', async () => {
    const { loop, said, answers, pass } = looping();
    answers.set('a', new Error('down'));
    loop.want([want('a'), want('b')]);
    await pass(100);
    expect(said).toEqual(['a=nothing!down']);
    expect(loop.counts()).toEqual({ answered: 0, stale: 0, pending: 2 });
  });

  it('that is no longer wanted is forgotten after a while, and what is being fetched is given up', async () => {
    const { loop, said, asked, answers, written, pass, aborted } = looping();
    answers.set('a', 'one');
    loop.want([want('a'), want('slow')]);
    await pass(100);
    loop.want([]);
    expect(aborted).toEqual(['slow']);
    await pass(120_000);
    expect(asked).toEqual(['a', 'slow']);
    expect(said).toEqual(['a=one', 'a forgotten slow forgotten']);
    expect(written.size).toBe(0);
  });

  it('that is wanted again soon is still answered, and asked for at once', async () => {
    const { loop, said, asked, answers, pass } = looping();
    answers.set('a', 'one');
    loop.want([want('a')]);
    await pass(100);
    loop.want([]);
    await pass(1_000);
    loop.want([want('a')]);
    await pass(40_000);
    expect(said).toEqual(['a=one']);
    expect(asked).toEqual(['a', 'a']);
  });

  it('that is given up and wanted again while it is fetched is fetched again', async () => {
    const { loop, said, asked, answers, open, pass } = looping();
    loop.want([want('a')]);
    await pass(10);
    loop.want([]);
    loop.want([want('a')]);
    await pass(10);
    answers.set('a', 'one');
    open[0]?.(refusal('Canceled', 'nobody wants it'));
    await pass(100);
    expect(asked).toEqual(['a', 'a']);
    expect(said).toEqual(['a=one']);
  });

  it('comes with the answer of an earlier process, and is asked for all the same', async () => {
    const { loop, said, asked, answers, pass } = looping({ cached: { a: 'old' } });
    answers.set('a', 'new');
    expect(loop.want([want('a')]).map(shown)).toEqual(['a=old']);
    await pass(100);
    expect(asked).toEqual(['a']);
    expect(said).toEqual(['a=new']);
  });

  it('is asked for as often as the most impatient who wants it says', async () => {
    const { loop, asked, answers, pass } = looping();
    answers.set('a', 'one');
    loop.want([want('a', 3_600_000)]);
    await pass(1_000);
    loop.want([want('a', 5_000)]);
    await pass(5_000);
    expect(asked.length).toBe(2);
  });

  it.each([
    ['at most every second', 0, 60_000, 30, 60],
    ['at least once a day', 1e15, 10 * 86_400_000, 9, 12],
  ])('is asked for %s', async (_, refresh, ms, least, most) => {
    const { loop, asked, answers, pass } = looping();
    answers.set('a', 'one');
    loop.want([want('a', refresh)]);
    await pass(ms);
    expect(asked.length).toBeGreaterThanOrEqual(least);
    expect(asked.length).toBeLessThanOrEqual(most);
  });
});

describe('an answer', () => {
  it('that stays the same is kept anew every day, also while it cannot be had again', async () => {
    const { loop, answers, written, pass } = looping();
    answers.set('a', 'one');
    loop.want([want('a', 3_600_000)]);
    await pass(1_000);
    written.clear();
    await pass(20 * 3_600_000);
    expect(written.size).toBe(0);
    for (const answer of ['one', new Error('down')]) {
      answers.set('a', answer);
      written.clear();
      await pass(26 * 3_600_000);
      expect(written.get('a')).toBe('one');
    }
  });
});

describe('hurrying', () => {
  it('brings the next fetch forward, but not sooner than ten seconds after the last', async () => {
    const { loop, asked, answers, pass } = looping();
    answers.set('a', 'one');
    loop.want([want('a', 3_600_000)]);
    await pass(1_000);
    for (let i = 0; i < 100; i += 1) loop.hurry('a');
    await pass(8_000);
    expect(asked.length).toBe(1);
    await pass(2_000);
    expect(asked.length).toBe(2);
    await pass(20_000);
    loop.hurry('a');
    await pass(1_000);
    expect(asked.length).toBe(3);
  });

  it('does nothing for what nobody wants', async () => {
    const { loop, asked, pass } = looping();
    loop.hurry('a');
    await pass(20_000);
    expect(asked).toEqual([]);
  });
});

describe('many wants', () => {
  it('are told of together', async () => {
    const { loop, said, answers, pass } = looping();
    const names = Array.from({ length: 20 }, (_, index) => `w${index}`);
    for (const name of names) answers.set(name, 'x');
    loop.want(names.map((name) => want(name)));
    await pass(100);
    expect(said).toEqual([names.map((name) => `${name}=x`).join(' ')]);
  });

  it('are not all fetched at a time, and none is left out', async () => {
    const { loop, asked, open, pass } = looping();
    loop.want(Array.from({ length: 100 }, (_, index) => want(`w${index}`)));
    await pass(100);
    expect(asked.length).toBe(64);
    for (const resolve of open.slice(0, 50)) resolve(success('x'));
    await pass(100);
    expect(asked.length).toBe(100);
  });
});

describe('a loop that is stopped', () => {
  it('gives up what it fetches and says nothing more', async () => {
    const { loop, said, open, aborted, pass } = looping();
    loop.want([want('a')]);
    await pass(10);
    loop.stop();
    open[0]?.(success('late'));
    await pass(1_000);
    expect(aborted).toEqual(['a']);
    expect(said).toEqual([]);
    expect(loop.want([want('b')])).toEqual([]);
  });
});
