import type { Dirent } from 'node:fs';
import { lstatSync, readdirSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { Problem } from '../provider.ts';
import { hasErrorCode } from './error-code.ts';

/** What the paths of the command line lead to. */
export type Scan = {
  /** Manifest files as they are shown, in order, with the file that each one is in the end. */
  readonly files: ReadonlyMap<string, string>;
  /** Real folders whose changes matter. */
  readonly folders: ReadonlySet<string>;
  /** Real places whose change means that everything has to be looked for again: symbolic links, and the paths themselves. */
  readonly pivots: ReadonlySet<string>;
  /** What is wrong with paths, by path: they cannot be read, or need not be. */
  readonly problems: ReadonlyMap<string, PathProblem>;
};

type PathProblem = Pick<Problem, 'severity' | 'message'>;

/** What is wrong with the paths of a scan. */
export function pathProblems({ problems }: Scan): readonly Problem[] {
  return [...problems].map(([file, { severity, message }]) => ({
    severity,
    reason: 'unreadable',
    file,
    line: 1,
    column: 1,
    message,
  }));
}

/** Whether a name is that of a manifest. */
export function isManifest(name: string): boolean {
  return /\.(ya?ml|json)$/iu.test(name) && !name.startsWith('.');
}

/**
 * Finds the manifest files that paths lead to: folders recursively, symbolic links followed, hidden entries left out (which leaves out the `..data`
 * folders of a mounted ConfigMap, whose files are reached by their links). A folder inside itself is not entered again.
 */
export function scan(paths: readonly string[]): Scan {
  const walker = new Walker();
  for (const path of paths) walker.root(path);
  return walker;
}

class Walker implements Scan {
  readonly files = new Map<string, string>();
  readonly folders = new Set<string>();
  readonly pivots = new Set<string>();
  readonly problems = new Map<string, PathProblem>();

  root(path: string): void {
    this.#pivot(resolve(path));
    this.#visit(path, []);
  }

  /** A path that goes away while it is looked at is a problem like one that was never there. */
  #visit(path: string, ancestors: readonly string[]): void {
    try {
      if (lstatSync(path).isSymbolicLink()) this.#followLinks(path);
      const stat = statSync(path);
      if (stat.isFile()) this.#file(path);
      else if (stat.isDirectory()) this.#folder(path, ancestors);
      else this.#refuse(path, 'is neither a file nor a folder');
    } catch (error) {
      this.#refuse(path, whyNot(error));
    }
  }

  #file(path: string): void {
    const real = realpathSync(path);
    this.folders.add(dirname(real));
    if (!this.files.has(path)) this.files.set(path, real);
  }

  #folder(path: string, ancestors: readonly string[]): void {
    const real = realpathSync(path);
    if (ancestors.includes(real)) {
      // Nothing is missed: it is being read already.
      const message = `is a symbolic link to ${real}, which it is in: it is not entered again`;
      this.problems.set(path, { severity: 'warning', message });
      return;
    }
    this.folders.add(real);
    for (const entry of this.#list(path)) {
      const child = under(path, entry.name);
      if (entry.name.startsWith('.')) continue;
      if (entry.isFile()) {
        if (isManifest(entry.name)) this.files.set(child, join(real, entry.name));
      } else if (entry.isDirectory() || this.#isWorthFollowing(entry, child)) this.#visit(child, [...ancestors, real]);
    }
  }

  #refuse(path: string, message: string): void {
    this.problems.set(path, { severity: 'error', message });
  }

  #list(path: string): readonly Dirent[] {
    try {
      return readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
    } catch (error) {
      this.#refuse(path, whyNot(error));
      return [];
    }
  }

  /** Links to manifests and to folders; others (sockets, links to programs) are nobody's manifests. */
  #isWorthFollowing(entry: Dirent, path: string): boolean {
    if (isManifest(entry.name)) return true;
    if (!entry.isSymbolicLink()) return false;
    this.#pivot(resolve(path));
    try {
      return statSync(path).isDirectory();
    } catch {
      return false;
    }
  }

  /** Marks every link on the way of a path, so that a change of any is seen. */
  #followLinks(path: string): void {
    let pending = resolve(path)
      .split(sep)
      .filter((part) => part !== '');
    let at: string = sep;
    for (let links = 0; pending.length > 0 && links < 64;) {
      const [part = '', ...rest] = pending;
      const next = join(at, part);
      if (lstatSync(next).isSymbolicLink()) {
        links += 1;
        this.#pivot(next);
        const target = resolve(at, readlinkSync(next));
        pending = [...target.split(sep).filter((segment) => segment !== ''), ...rest];
        at = sep;
      } else {
        at = next;
        pending = rest;
      }
    }
  }

  #pivot(path: string): void {
    try {
      const folder = realpathSync(dirname(path));
      this.folders.add(folder);
      this.pivots.add(join(folder, basename(path)));
    } catch {
      // The folder is not there either: the slow rescan finds it when it appears.
    }
  }
}

/** A child's path as it is shown: `./folder` stays as the user wrote it. */
function under(path: string, name: string): string {
  return path.endsWith(sep) ? `${path}${name}` : `${path}${sep}${name}`;
}

function whyNot(error: unknown): string {
  if (hasErrorCode(error, 'ENOENT')) return 'no such file or folder';
  if (hasErrorCode(error, 'EACCES')) return 'permission denied';
  if (hasErrorCode(error, 'ELOOP')) return 'is a symbolic link that leads back to itself';
  return error instanceof Error ? error.message : 'cannot be read';
}
