/**
 * Makes the npm package: scripts with their types stripped and what they read beside them, in a folder that `npm pack` turns
 * into a tarball. What it is made of is there before (`npm run setup`).
 */
import { execFile } from 'node:child_process';
import { cpSync, existsSync, globSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { writeBundle } from '../setup/bundle.ts';
import { PACKED } from '../setup/fresh-bundle.mjs';
import { CONTENTS, DONE_BEFORE, SCRIPTS } from './contents.ts';
import { packedManifest, readLockfile, readManifest } from './manifest.ts';

const run = promisify(execFile);

/** Makes the package of a checkout in `folder`, in place of what is there, and its tarball beside it. Resolves with its path. */
export async function pack(root: string, folder: string): Promise<string> {
  // Keeps the messages that have been compiled.
  await import('#proto/sluice-set.ts');
  rmSync(folder, { recursive: true, force: true });
  for (const path of globSync([...CONTENTS], { cwd: root })) {
    if (!path.endsWith('.test.ts') && statSync(join(root, path)).isFile()) cpSync(join(root, path), join(folder, path));
  }
  const { modules, packages } = await writeBundle({
    root,
    folder: join(folder, PACKED),
    entries: SCRIPTS,
    place: (path) => placeInPackage(relative(root, path)),
    without: DONE_BEFORE,
  });
  writeFileSync(join(folder, PACKED, 'LICENSES.txt'), licencesOf(modules));
  await writeTypes(root, join(folder, PACKED, 'types'));
  const manifest = packedManifest(readManifest(root), readLockfile(root), packages);
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  const { stdout } = await run('npm', ['pack', '--silent', '--pack-destination', dirname(folder)], { cwd: folder });
  return join(dirname(folder), stdout.trim());
}

/** Scripts find what lies beside their source from where they themselves are. */
function placeInPackage(source: string): { readonly dirname: string; readonly url: string } {
  const fromHere = (path: string): string => JSON.stringify(join('..', path));
  return {
    dirname: `process.getBuiltinModule('node:path').join(import.meta.dirname, ${fromHere(dirname(source))})`,
    url: `new URL(${fromHere(source)}, import.meta.url).href`,
  };
}

/** The licences of the packages that these files are of. */
function licencesOf(modules: readonly string[]): string {
  const folders = modules.flatMap((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/u.exec(id)?.[0] ?? []);
  return [...new Set(folders)]
    .toSorted()
    .flatMap((folder) => {
      const [name] = globSync('{LICENSE,LICENCE,License,license}*', { cwd: folder });
      const text = name === undefined ? '' : readFileSync(join(folder, name), 'utf8').trim();
      return [`${relative(join(folder, '../..'), folder).replace(/^.*node_modules\//u, '')}\n\n${text}\n`];
    })
    .join(`\n${'-'.repeat(80)}\n\n`);
}

/** Writes the declarations of `sluice/extproc`. */
async function writeTypes(root: string, folder: string): Promise<void> {
  const settings = `${folder}.json`;
  writeFileSync(
    settings,
    JSON.stringify({
      extends: join(root, 'tsconfig.json'),
      compilerOptions: {
        noEmit: false,
        declaration: true,
        emitDeclarationOnly: true,
        outDir: folder,
        rootDir: root,
        typeRoots: [join(root, 'node_modules/@types')],
      },
      include: [],
      files: [join(root, SCRIPTS.extproc)],
    }),
  );
  await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', settings], { cwd: root });
  rmSync(settings);
  for (const path of globSync('**/*.d.ts', { cwd: folder })) {
    const file = join(folder, path);
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(/(from '\.[^']*)\.ts'/gu, "$1.js'"));
  }
  if (!existsSync(join(folder, 'extproc/index.d.ts'))) throw new Error('tsc wrote no declarations of sluice/extproc');
}
