import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '#deploy/setup/node24.mjs';

/** The users' manifests: beside the checkout, not in it. */
const FOLDER = join(ROOT, '../shared/seeds/manifests');

/** Whether the seeds' manifests are beside the checkout. */
export const SEEDS_ARE_THERE = existsSync(FOLDER);

/** Every file of the seeds' manifests, by name; none where they are not there. */
export const SEED_FILES: readonly string[] = SEEDS_ARE_THERE ? readdirSync(FOLDER).sort() : [];

/** The name by which the documents are spoken of: "000-03" for "000_17c55d87719cfb0a-03.yaml", a file's name without its folder. */
export function shortName(file: string): string {
  return `${file.slice(0, 3)}-${file.slice(-7, -5)}`;
}

/** Path of a seed by its file or short name. */
export function seedPath(name: string): string {
  const file = SEED_FILES.find((candidate) => candidate === name || shortName(candidate) === name);
  if (file === undefined) throw new Error(`there is no manifest ${name} among the seeds`);
  return join(FOLDER, file);
}
