import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { SIDECAR_MEMORY } from './pod.ts';

const MIB = 1024 * 1024;
/** Code, buffers and stacks. */
const OUTSIDE_OF_HEAP = 100 * MIB;

it('the heap of a sidecar at its largest fits into the limit of its container, beside what is not heap', () => {
  const asked = "process.stdout.write(String(require('node:v8').getHeapStatistics().heap_size_limit))";
  const environment = { ...process.env, NODE_OPTIONS: SIDECAR_MEMORY.options };
  const heap = Number(execFileSync(process.execPath, ['-e', asked], { env: environment, encoding: 'utf8' }));
  const limit = Number.parseInt(SIDECAR_MEMORY.limit, 10) * MIB;
  expect(heap).toBeGreaterThan(0);
  expect(heap + OUTSIDE_OF_HEAP).toBeLessThanOrEqual(limit);
});
