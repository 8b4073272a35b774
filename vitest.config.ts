import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['**/*.test.ts'],
    // Tests of a cluster have a cluster: `npm run test:cluster`.
    exclude: ['node_modules/**', 'build/**', '**/*.cluster.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    reporters: ['default'],
  },
});
