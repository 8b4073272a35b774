// What `npm run setup` runs: the whole set-up, or the steps that are named.
import { install } from './install.mjs';
import { runOnNode24 } from './node24.mjs';

await install();
await runOnNode24('deploy/setup/ensure.ts', process.argv.slice(2));
