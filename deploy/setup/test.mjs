// What `npm test` runs: set-up as far as it is missing, then the tests. Arguments go to vitest.
import { install } from './install.mjs';
import { runOnNode24 } from './node24.mjs';

await install();
await runOnNode24('deploy/setup/test.ts', process.argv.slice(2));
