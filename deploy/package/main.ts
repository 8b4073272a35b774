// A script: `npm run package`. Makes the tarball of the npm package in `build`, and says where it is.
import { join } from 'node:path';
import { ROOT } from '../setup/node24.mjs';
import { ensure } from '../setup/setup.ts';
import { pack } from './pack.ts';

await ensure(['types', 'kinds', 'filters']);
process.stdout.write(`${await pack(ROOT, join(ROOT, 'build', 'package'))}\n`);
