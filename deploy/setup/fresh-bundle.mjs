// The bundle of the controller and the sidecar, as long as it is of the sources as they are.
//
// In: `build/bundle`, which the set-up makes. Out: which script to run. Runs on Node 20.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Where the bundle is, from the root of the checkout. */
export const BUNDLE = 'build/bundle';

/** The file in it that lists its sources: path, size and time of change. */
export const BUNDLE_INPUTS = 'inputs.json';

/** Where the scripts of the npm package are, from its root; it has no sources (`deploy/package`). */
export const PACKED = 'dist';

/**
 * Whether this is the npm package, and no checkout.
 *
 * @param {string} root
 * @returns {boolean}
 */
export function isPacked(root) {
  return !existsSync(join(root, 'controller/main.ts'));
}

/**
 * The script that a source file is run by where it is not to be run from the bundle: the file itself, in a checkout.
 *
 * @param {string} root
 * @param {string} name of the package's script
 * @param {string} source
 * @returns {string}
 */
export function unbundled(root, name, source) {
  return isPacked(root) ? `${PACKED}/${name}.mjs` : source;
}

/**
 * The script that a source file is run by, from the root of the checkout: the bundle, or the file itself where there is
 * no bundle, one of other sources or of another place.
 *
 * @param {string} root
 * @param {string} name of the bundle's entry
 * @param {string} source
 * @returns {string}
 */
export function scriptOf(root, name, source) {
  return isFresh(root) ? `${BUNDLE}/${name}.mjs` : unbundled(root, name, source);
}

/**
 * Another entry of the bundle that a script belongs to; undefined for a script that is in none.
 *
 * @param {string | undefined} script
 * @param {string} name of the other entry
 * @returns {string | undefined}
 */
export function siblingOf(script, name) {
  return script !== undefined && dirname(script).endsWith(BUNDLE) ? join(dirname(script), `${name}.mjs`) : undefined;
}

/**
 * Whether there is a bundle, of the sources as they are.
 *
 * @param {string} root
 * @returns {boolean}
 */
export function isFresh(root) {
  try {
    const inputs = JSON.parse(readFileSync(join(root, BUNDLE, BUNDLE_INPUTS), 'utf8'));
    return (
      inputs.root === root &&
      inputs.sources.every((/** @type {[string, number, number]} */ stamp) => isSame(root, stamp))
    );
  } catch {
    return false;
  }
}

/**
 * @param {string} root
 * @param {[string, number, number]} stamp
 */
function isSame(root, [path, size, changed]) {
  const found = statSync(join(root, path), { throwIfNoEntry: false });
  return found?.size === size && found.mtimeMs === changed;
}
