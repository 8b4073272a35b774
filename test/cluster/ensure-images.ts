import { mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Build, type BuiltImage, buildStages, builtImage } from '#deploy/images/build.ts';
import { stagesOf } from '#deploy/images/instructions.ts';
import { pack } from '#deploy/package/pack.ts';
import { ROOT } from '#deploy/setup/node24.mjs';
import { clearStamp, hashInputs, isUpToDate, type Tracked, writeStamp } from '#deploy/setup/stamp.ts';

const FOLDER = 'build/images';

const IMAGES: Tracked = {
  name: 'images',
  inputs: ['controller', 'extproc', 'proto', 'wasm-filters', 'deploy', 'package.json', 'package-lock.json'],
  outputs: [FOLDER],
  ignore: /\.test\.ts$|\/testdata\//u,
};

/** Makes the images that users get, of this checkout, as its Dockerfile says; not again while nothing of it has changed. */
export async function ensureImages(): Promise<{ readonly controller: BuiltImage; readonly sidecar: BuiltImage }> {
  const stages = stagesOf(readFileSync(join(ROOT, 'deploy/images/Dockerfile'), 'utf8'));
  const hash = hashInputs(ROOT, IMAGES);
  if (!isUpToDate(ROOT, IMAGES, hash)) {
    clearStamp(ROOT, IMAGES);
    const own = join(ROOT, `${FOLDER}.${process.pid}`);
    try {
      const context = join(own, 'context');
      mkdirSync(context, { recursive: true });
      await pack(ROOT, join(context, 'package'));
      await buildStages(stages, { context, folder: own });
      rmSync(join(ROOT, FOLDER), { recursive: true, force: true });
      renameSync(own, join(ROOT, FOLDER));
    } finally {
      rmSync(own, { recursive: true, force: true });
    }
    writeStamp(ROOT, IMAGES, hash);
  }
  const built: Build = { context: '', folder: join(ROOT, FOLDER) };
  return { controller: builtImage(stages, 'controller', built), sidecar: builtImage(stages, 'sidecar', built) };
}
