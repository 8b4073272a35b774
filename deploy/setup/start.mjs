// What `npm start` runs: set-up as far as it is missing, then the demonstration.
import { install } from './install.mjs';
import { runOnNode24 } from './node24.mjs';

await install();
await runOnNode24('deploy/setup/ensure.ts', ['filters', 'envoy']);
await runOnNode24('deploy/setup/demo.ts', process.argv.slice(2));
