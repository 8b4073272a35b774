/** What `npm run golden` runs: writes the expectations of every golden case anew. Read the difference before committing. */
import { writeFileSync } from 'node:fs';
import { goldenCases } from './cases.ts';
import { objectsCases, renderObjects } from './objects.ts';
import { render } from './render.ts';

for (const found of goldenCases()) {
  const { xds, status } = render(found);
  writeFileSync(found.xds, xds);
  writeFileSync(found.status, status);
  process.stdout.write(`${found.name}\n`);
}

for (const found of objectsCases()) {
  writeFileSync(found.objects, renderObjects(found));
  process.stdout.write(`${found.name}\n`);
}
