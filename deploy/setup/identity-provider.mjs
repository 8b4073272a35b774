// A small OpenID provider on 127.0.0.1, for trying logins out: --port PORT --redirect-uri URL.
import { runOnNode24 } from './node24.mjs';

await runOnNode24('deploy/setup/identity-provider/main.ts', process.argv.slice(2));
