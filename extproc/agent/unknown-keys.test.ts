import { expect, test } from 'vitest';
import { UnknownKeys } from './unknown-keys.ts';

test('a key set is reported once a second, others at once', () => {
  let now = 0;
  const keys = new UnknownKeys(() => now);
  const sent: string[] = [];
  keys.connect((keySet) => sent.push(keySet));
  for (now = 0; now < 2_500; now += 100) keys.report('a');
  keys.report('b');
  expect(sent).toEqual(['a', 'a', 'a', 'b']);
});

test('a report that reaches no controller is lost, and the next one is not', () => {
  const keys = new UnknownKeys(() => 0);
  const sent: string[] = [];
  keys.report('a');
  const end = keys.connect((keySet) => sent.push(keySet));
  keys.report('a');
  expect(sent).toEqual(['a']);
  end();
  keys.report('b');
  expect(sent).toEqual(['a']);
});

test('what is remembered is bounded, and what was reported last is remembered', () => {
  const keys = new UnknownKeys(() => 0);
  const sent: string[] = [];
  keys.connect((keySet) => sent.push(keySet));
  for (let index = 0; index < 3_000; index += 1) keys.report(`k${index}`);
  keys.report('k2999');
  expect(sent).toHaveLength(3_000);
  keys.report('k0');
  expect(sent).toHaveLength(3_001);
});
