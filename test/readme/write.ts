/** What `npm run readme` runs: writes the generated tables of README.md anew. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '#deploy/setup/node24.mjs';
import { withFeatureTable } from './feature-table.ts';

const path = join(ROOT, 'README.md');
writeFileSync(path, withFeatureTable(readFileSync(path, 'utf8')));
