// A script: what `npm run crds` runs. Writes the resource definitions of our group from the schemas.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderDefinitions } from './render.ts';

for (const [file, text] of renderDefinitions()) writeFileSync(join(import.meta.dirname, file), text);
