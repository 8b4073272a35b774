import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    // Tests of a cluster have a cluster: `npm run test:cluster`.
    exclude: ['node_modules/**', 'build/**', '**/*.cluster.test.ts'],
    // No limit is of what is tested: a busy machine of two cores may take ten times as long as a quiet one.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 60_000 } },
    reporters: ['default'],
  },
});
