import { existsSync, globSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { ROOT } from '#deploy/setup/node24.mjs';

/** One golden case: `in.yaml`, and beside it what becomes of it at every stage. */
export interface GoldenCase {
  /** Path of its folder from the root of the checkout. */
  readonly name: string;
  readonly input: string;
  readonly xds: string;
  readonly status: string;
}

/** Every golden case of the controller, wherever it lies. */
export function goldenCases(): readonly GoldenCase[] {
  return globSync('controller/**/testdata/*/in.yaml', { cwd: ROOT })
    .sort()
    .map((input) => dirname(join(ROOT, input)))
    .filter((folder) => existsSync(folder))
    .map((folder) => ({
      name: relative(ROOT, folder),
      input: join(folder, 'in.yaml'),
      xds: join(folder, 'xds.yaml'),
      status: join(folder, 'status.yaml'),
    }));
}
