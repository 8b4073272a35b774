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
    testTimeout: 120_000,
    hookTimeout: 180_000,
    reporters: ['default'],
  },
});
