/**
 * The package.json of the npm package.
 *
 * In: the checkout's, its lockfile, and the packages that the scripts load. Out: a manifest that installs nothing but those.
 */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A package.json, as far as it is read. */
export interface Manifest {
  readonly [field: string]: unknown;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

/** The part of a package-lock.json that tells versions. */
export interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly version?: string | undefined }>>;
}

/** Fields that are taken over. */
const KEPT = ['name', 'version', 'description', 'license', 'bin', 'type', 'engines'] as const;

/** The compiler of users' filters. Whoever only serves leaves it out (`npm install --omit=optional`). */
const COMPILER = 'assemblyscript';

/** What the declarations of `sluice/extproc` name. */
const TYPED = '@bufbuild/protobuf';

/** Gives the manifest of the package that loads these packages. Throws for one that the lockfile has no version of. */
export function packedManifest(own: Manifest, lockfile: Lockfile, loaded: readonly string[]): Manifest {
  const version = (name: string): string => {
    const found = lockfile.packages[`node_modules/${name}`]?.version;
    if (found === undefined) throw new Error(`${name} is loaded, and package-lock.json has no version of it`);
    return found;
  };
  const versions = (names: readonly string[]): Record<string, string> =>
    Object.fromEntries(names.map((name) => [name, version(name)]));
  return {
    ...Object.fromEntries(KEPT.map((field) => [field, own[field]])),
    exports: {
      './extproc': { types: './dist/types/extproc/index.d.ts', default: './dist/extproc.mjs' },
      './wasm': './wasm-filters/sdk/assembly/index.ts',
      './wasm/*': './wasm-filters/sdk/assembly/*.ts',
    },
    dependencies: versions([...new Set([...loaded.filter((name) => name !== COMPILER), TYPED])].toSorted()),
    optionalDependencies: { ...own.optionalDependencies, ...versions(loaded.filter((name) => name === COMPILER)) },
  };
}

/** The package.json of a checkout. */
export function readManifest(root: string): Manifest {
  const manifest: Manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return manifest;
}

/** The package-lock.json of a checkout. */
export function readLockfile(root: string): Lockfile {
  const lockfile: Lockfile = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  return lockfile;
}
