// A script: `npm run chart`. Writes what of the chart is made from the code and what it makes, and packages it in `build/charts`.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ensureGoProgram, HELM } from '../setup/go-program.ts';
import { ROOT } from '../setup/node24.mjs';
import { CHART, chartCases, INSTALL_YAML, render, renderInstallation } from './helm.ts';
import { packageChart } from './package-chart.ts';
import { renderChart } from './render.ts';

for (const [path, text] of renderChart()) writeFileSync(join(CHART, path), text);
const helm = await ensureGoProgram(HELM, process.env);
for (const folder of chartCases()) {
  const values = ['--values', join(folder, 'values.yaml')];
  writeFileSync(join(folder, 'objects.yaml'), await render(helm, { values }));
}
mkdirSync(dirname(INSTALL_YAML), { recursive: true });
writeFileSync(INSTALL_YAML, await renderInstallation(helm));
process.stdout.write(`${await packageChart(ROOT, join(ROOT, 'build', 'charts'), process.env)}\n`);
