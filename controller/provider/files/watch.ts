import type { FSWatcher } from 'node:fs';
import { statSync, watch } from 'node:fs';
import { join } from 'node:path';

/** Something happened at a real place; without a place, anywhere. */
export type OnChange = (place: string | undefined) => void;

/**
 * Watches folders, not files: a file that is replaced by rename, or a link that is turned, is seen in its folder (inotify(7)).
 */
export class FolderWatcher {
  readonly #onChange: OnChange;
  readonly #onFailure: (folder: string, error: Error) => void;
  readonly #watchers = new Map<string, { readonly watcher: FSWatcher; readonly inode: number }>();

  constructor(onChange: OnChange, onFailure: (folder: string, error: Error) => void) {
    this.#onChange = onChange;
    this.#onFailure = onFailure;
  }

  /** Watches exactly these folders from now on; one that was replaced by another of its name is watched anew. */
  setFolders(folders: ReadonlySet<string>): void {
    for (const [folder, { watcher, inode }] of this.#watchers) {
      if (folders.has(folder) && inodeOf(folder) === inode) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    for (const folder of folders) if (!this.#watchers.has(folder)) this.#add(folder);
  }

  /** Whether a folder is watched. */
  has(folder: string): boolean {
    return this.#watchers.has(folder);
  }

  close(): void {
    this.setFolders(new Set());
  }

  #add(folder: string): void {
    try {
      const inode = inodeOf(folder);
      const watcher = watch(folder, (_, name) => {
        this.#onChange(name === null ? undefined : join(folder, name));
      });
      watcher.on('error', (error) => {
        this.#fail(folder, error);
      });
      this.#watchers.set(folder, { watcher, inode });
    } catch (error) {
      this.#fail(folder, error instanceof Error ? error : new Error(String(error)));
    }
  }

  #fail(folder: string, error: Error): void {
    this.#watchers.get(folder)?.watcher.close();
    this.#watchers.delete(folder);
    this.#onFailure(folder, error);
  }
}

function inodeOf(folder: string): number {
  try {
    return statSync(folder).ino;
  } catch {
    return 0;
  }
}
