import { sep } from 'node:path';
import type { FileOrder } from './ledger.ts';

/** The order of files: by the path of the command line they are under, then by name. */
export function orderOf(paths: readonly string[]): FileOrder {
  const ranks = new Map<string, number>();
  const rank = (file: string): number => {
    const known = ranks.get(file);
    if (known !== undefined) return known;
    const index = paths.findIndex(
      (path) => file === path || file.startsWith(path.endsWith(sep) ? path : `${path}${sep}`),
    );
    const found = index === -1 ? paths.length : index;
    ranks.set(file, found);
    return found;
  };
  return (first, second) => rank(first) - rank(second) || (first < second ? -1 : first > second ? 1 : 0);
}
