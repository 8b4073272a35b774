import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { endOnce } from './end-once.ts';

it('a program that is told to end exits as it was told, once it has left, though its work fails meanwhile', async () => {
  const done: (string | number)[] = [];
  const end = endOnce(
    async () => {
      await sleep(20);
      done.push('left');
    },
    (code) => void done.push(code),
  );
  const told = end(143);
  const failed = end(1);
  expect(done).toEqual([]);
  await Promise.all([told, failed]);
  expect(done).toEqual(['left', 143]);
});

it('a program that cannot leave exits nevertheless', async () => {
  const codes: number[] = [];
  const end = endOnce(
    () => Promise.reject(new Error('stuck')),
    (code) => void codes.push(code),
  );
  await expect(end(1)).rejects.toThrow('stuck');
  expect(codes).toEqual([1]);
});
