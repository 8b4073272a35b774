import { mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Plugin, rolldown } from 'rolldown';
import { BUNDLE, BUNDLE_INPUTS } from './fresh-bundle.mjs';

/** What is bundled: file names in the bundle, and the entry that each one is. */
const ENTRIES = { controller: 'controller/main.ts', sidecar: 'extproc/main.ts' } as const;

/** Packages that a start needs, of many small files; the others are loaded from where they are installed. */
const BUNDLED = [
  '@grpc/grpc-js',
  '@bufbuild/protobuf',
  '@kubernetes/client-node',
  '@marcbachmann/cel-js',
  'commander',
  'json-p3',
  'pino',
  'rfc6902',
];

/** Of the client only its authentication is wanted, which imports all kinds of Kubernetes, 800 files, and uses none. */
const MODELS = '/@kubernetes/client-node/dist/gen/';

/**
 * Makes the bundle: the controller and the sidecar in few files, which Node loads in a third of the time that hundreds
 * take. It is used as long as none of its sources has changed (`fresh-bundle.mjs`); the sources run as they are otherwise.
 */
export async function buildBundle(root: string): Promise<void> {
  const folder = join(root, BUNDLE);
  const own = `${folder}.${process.pid}`;
  mkdirSync(own, { recursive: true });
  try {
    const { modules } = await writeBundle({ root, folder: own, entries: ENTRIES, place: placeInCheckout });
    const sources = modules.filter((id) => id.startsWith(`${root}/`) && !id.includes('/node_modules/'));
    writeFileSync(
      join(own, BUNDLE_INPUTS),
      JSON.stringify({ root, sources: sources.map((path) => stampOf(root, path)) }),
    );
    rmSync(folder, { recursive: true, force: true });
    renameSync(own, folder);
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

/** What is to be bundled, and where to. */
export interface BundleOptions {
  readonly root: string;
  readonly folder: string;
  /** File names in the bundle, and the source of each one. */
  readonly entries: Readonly<Record<string, string>>;
  /** Says where a source lies: expressions of its folder and of its URL. */
  readonly place: (path: string) => { readonly dirname: string; readonly url: string };
  /** Sources of which nothing is to be in it, from the root: whoever imports them gets an empty module. */
  readonly without?: readonly string[];
}

/** What is in a bundle, and what it is not without. */
export interface Bundled {
  /** Paths of the files in it. */
  readonly modules: readonly string[];
  /** Names of the packages that it loads. */
  readonly packages: readonly string[];
}

/** Writes a bundle into a folder. */
export async function writeBundle({ root, folder, entries, place, without = [] }: BundleOptions): Promise<Bundled> {
  const packages = new Set<string>();
  const bundle = await rolldown({
    input: Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, join(root, path)])),
    platform: 'node',
    external: (id) => {
      if (!isPackage(id) || BUNDLED.some((name) => id === name || id.startsWith(`${name}/`))) return false;
      if (!isBuiltin(id)) packages.add(packageOf(id));
      return true;
    },
    treeshake: { moduleSideEffects: (id) => !id.includes(MODELS) },
    plugins: [leftOut(new Set(without.map((path) => join(root, path)))), places(place)],
    logLevel: 'warn',
  });
  const { output } = await bundle.write({
    dir: folder,
    format: 'esm',
    entryFileNames: '[name].mjs',
    chunkFileNames: '[name]-[hash].mjs',
  });
  await bundle.close();
  return {
    modules: output.flatMap((part) => (part.type === 'chunk' ? part.moduleIds : [])),
    packages: [...packages].toSorted(),
  };
}

/** A module that is neither a path nor one of our own names, which begin with "#". */
function isPackage(id: string): boolean {
  return !/^[.#/\0]/u.test(id) && !id.startsWith('node:');
}

/** The package of an import: "@a/b/c" is of "@a/b". */
function packageOf(id: string): string {
  return id
    .split('/')
    .slice(0, id.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Code in the bundle is elsewhere than its file; what it finds beside its file it finds there all the same. */
function places(place: BundleOptions['place']): Plugin {
  return {
    name: 'places',
    transform: (code, id) => {
      if (!code.includes('import.meta.') || id.includes('/node_modules/')) return null;
      const { dirname: folder, url } = place(id);
      return code.replaceAll('import.meta.dirname', () => folder).replaceAll(/import\.meta\.url/gu, () => url);
    },
  };
}

function placeInCheckout(path: string): { readonly dirname: string; readonly url: string } {
  return { dirname: JSON.stringify(dirname(path)), url: JSON.stringify(pathToFileURL(path).href) };
}

function leftOut(paths: ReadonlySet<string>): Plugin {
  return { name: 'left-out', load: (id) => (paths.has(id) ? 'export {};' : null) };
}

function stampOf(root: string, path: string): readonly [path: string, size: number, changed: number] {
  const { size, mtimeMs } = statSync(path);
  return [relative(root, path), size, mtimeMs];
}
