// A script: runs the tests that have a cluster (`*.cluster.test.ts`), in namespaces of their own. Arguments go to vitest.
import { join } from 'node:path';
import { ROOT } from '#deploy/setup/node24.mjs';
import { ensureClusterPrograms } from './cluster.ts';
import { inOwnNamespaces, refusedHere } from './namespaces.ts';

const refused = refusedHere();
if (refused !== undefined) {
  process.stderr.write(`cluster: ${refused}\n`);
  process.exit(3);
}
await ensureClusterPrograms(process.env);
const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
const config = join(import.meta.dirname, 'vitest.config.ts');
process.exit(await inOwnNamespaces(process.execPath, [vitest, 'run', '--config', config, ...process.argv.slice(2)]));
