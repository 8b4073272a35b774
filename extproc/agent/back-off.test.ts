import { expect, test } from 'vitest';
import { AGENT_BACK_OFF, pauseAfter } from './back-off.ts';

test('pauses double up to the most', () => {
  const longest = [1, 2, 3, 4, 5, 6, 7, 8, 1000].map((failures) => pauseAfter(failures, AGENT_BACK_OFF, 1));
  expect(longest).toEqual([50, 100, 200, 400, 800, 1600, 2000, 2000, 2000]);
});

test('half of a pause is left to chance', () => {
  expect(pauseAfter(1, AGENT_BACK_OFF, 0)).toBe(25);
  expect(pauseAfter(1, AGENT_BACK_OFF, 0.5)).toBe(37.5);
});
