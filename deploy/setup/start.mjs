// What `npm start` runs: the dependencies as far as they are missing, then the demonstration, which sees to the rest.
import { install } from './install.mjs';
import { runOnNode24 } from './node24.mjs';

await install();
await runOnNode24('deploy/setup/demo.ts', process.argv.slice(2));
