import { defineConfig } from 'vitest/config';
import { ROOT } from '#deploy/setup/node24.mjs';

/** Tests that share one cluster, a file at a time. */
export default defineConfig({
  root: ROOT,
  test: {
    include: ['**/*.cluster.test.ts'],
    exclude: ['node_modules/**', 'build/**'],
    globalSetup: ['test/cluster/shared-cluster.ts'],
    fileParallelism: false,
    // No limit is of what is tested: a busy machine of two cores may take ten times as long as a quiet one.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    expect: { poll: { timeout: 180_000 } },
    reporters: ['default'],
  },
});
