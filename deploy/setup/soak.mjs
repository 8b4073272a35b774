// What `npm run soak` runs: the packages as far as they are missing, then the soak. Arguments go to it.
import { install } from './install.mjs';
import { runOnNode24 } from './node24.mjs';

await install();
await runOnNode24('test/soak/main.ts', process.argv.slice(2));
