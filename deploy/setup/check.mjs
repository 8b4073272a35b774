// What `npm run check` runs: types, lint and format; stops at the first failure.
import { install } from './install.mjs';
import { runOnNode24 } from './node24.mjs';

await install();
await runOnNode24('deploy/setup/check.ts', process.argv.slice(2));
