import { lstatSync, statSync } from 'node:fs';
import { basename } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { FieldPath } from '#controller/api/field-path.ts';
import type { FileSource, Problem, ResourceBatch, ResourceKey } from '../provider.ts';
import { orderOf } from './file-order.ts';
import type { FileChange, FileOrder } from './ledger.ts';
import { Ledger } from './ledger.ts';
import { locateInFile } from './locate-in-file.ts';
import { readManifest } from './read-file.ts';
import type { Scan } from './scan.ts';
import { isManifest, pathProblems, scan } from './scan.ts';
import { FolderWatcher } from './watch.ts';

/** What is logged, with pino's signature. */
export type ProviderLog = {
  readonly warn: (fields: { readonly [field: string]: unknown }, message: string) => void;
};

/** Milliseconds. */
export type Pace = {
  /** Changes that come so close together are one: an editor's, a copy's. */
  readonly settle: number;
  /** A change that takes something away or breaks it waits so long for the rest of it: a half-written file, one that is replaced in two steps. */
  readonly hold: number;
  /** The longest that changes without a pause are held together. */
  readonly longest: number;
  /** How often everything is looked at again, for changes that watching missed. */
  readonly rescan: number;
  /** The same where a folder cannot be watched. */
  readonly poll: number;
};

/** What has to be looked for again: files that came or went, or every file that may be another one now. */
type Search = 'none' | 'names' | 'everything';

/** One run of the files provider: from events of the file system to batches. */
export class Session {
  readonly #paths: readonly string[];
  readonly #log: ProviderLog;
  readonly #pace: Pace;
  readonly #order: FileOrder;
  readonly #ledger: Ledger;
  readonly #watcher: FolderWatcher;
  readonly #dirty = new Set<string>();
  readonly #stamps = new Map<string, string>();
  #scan: Scan = { files: new Map(), folders: new Set(), pivots: new Set(), problems: new Map() };
  #shownBy = new Map<string, readonly string[]>();
  #search: Search = 'none';
  #firstChange: number | undefined;
  #lastChange = 0;
  #flushTimer: NodeJS.Timeout | undefined;
  #rescanTimer: NodeJS.Timeout | undefined;
  #onBatch: (batch: ResourceBatch) => void = () => {};

  constructor(paths: readonly string[], log: ProviderLog, pace: Pace) {
    this.#paths = paths;
    this.#log = log;
    this.#pace = pace;
    this.#order = orderOf(paths);
    this.#ledger = new Ledger(this.#order);
    this.#watcher = new FolderWatcher(
      (place) => {
        this.#changed(place);
      },
      (folder, error) => {
        this.#log.warn({ folder, err: error }, 'folder cannot be watched; it is polled');
        this.#scheduleRescan(this.#pace.poll);
      },
    );
  }

  /** Reads everything, hands it over with `synced`, and watches. */
  start(onBatch: (batch: ResourceBatch) => void): void {
    this.#onBatch = onBatch;
    this.#scheduleRescan(this.#pace.rescan);
    this.#look();
    const files = [...this.#scan.files.keys()];
    const views = files.map((file) => this.#ledger.preview(this.#read(file)));
    this.#onBatch([...this.#ledger.apply(views, this.#pathProblems()), { kind: 'synced' }]);
  }

  stop(): void {
    clearTimeout(this.#flushTimer);
    clearInterval(this.#rescanTimer);
    this.#onBatch = () => {};
    this.#watcher.close();
  }

  /** The place of a field, from the file as it is now. */
  locate(key: ResourceKey, path: FieldPath): FileSource | undefined {
    const source = this.#ledger.served().get(key)?.source;
    const view = source === undefined ? undefined : this.#ledger.view(source.file);
    if (source === undefined || view === undefined) return undefined;
    const { content } = readManifest(source.file);
    return content.kind === 'text' ? locateInFile(view, content.text, key, path) : source;
  }

  #changed(place: string | undefined): void {
    const files = place === undefined ? undefined : this.#shownBy.get(place);
    for (const file of files ?? []) this.#dirty.add(file);
    const search = this.#searchFor(place, files !== undefined);
    if (search === 'none' && files === undefined) return;
    if (search !== 'none' && this.#search !== 'everything') this.#search = search;
    this.#lastChange = performance.now();
    this.#firstChange ??= this.#lastChange;
    this.#arm(this.#pace.settle);
  }

  #searchFor(place: string | undefined, known: boolean): Search {
    if (place === undefined || this.#scan.pivots.has(place) || this.#watcher.has(place)) return 'everything';
    if (known) return 'none';
    if (isManifest(basename(place))) return 'names';
    return leadsOn(place) ? 'everything' : 'none';
  }

  #arm(delay: number): void {
    clearTimeout(this.#flushTimer);
    this.#flushTimer = setTimeout(() => {
      this.#flush();
    }, delay);
  }

  #flush(): void {
    if (this.#search !== 'none') this.#lookAgain(this.#search === 'everything');
    const views = [...this.#dirty].sort(this.#order).map((file) => this.#ledger.preview(this.#read(file)));
    const now = performance.now();
    const quiet = now - this.#lastChange;
    const waited = now - (this.#firstChange ?? now);
    const doubtful = views.some((view) => this.#ledger.isDoubtful(view));
    if (doubtful && quiet < this.#pace.hold && waited < this.#pace.longest) {
      this.#arm(this.#pace.hold - quiet);
      return;
    }
    this.#dirty.clear();
    this.#firstChange = undefined;
    const batch = this.#ledger.apply(views, this.#pathProblems());
    if (batch.length > 0) this.#onBatch(batch);
  }

  /** Finds files and folders, twice when there are new folders: what came into them before they were watched would be missed. */
  #look(): void {
    let found = scan(this.#paths);
    for (let round = 0; round < 3; round += 1) {
      const isNew = [...found.folders].some((folder) => !this.#watcher.has(folder));
      this.#watcher.setFolders(found.folders);
      if (!isNew) break;
      found = scan(this.#paths);
    }
    this.#scan = found;
    this.#shownBy = invert(found.files);
  }

  #lookAgain(everything: boolean): void {
    this.#search = 'none';
    const before = this.#scan.files;
    this.#look();
    const now = this.#scan.files;
    for (const file of before.keys()) if (!now.has(file)) this.#dirty.add(file);
    for (const [file, real] of now) {
      if (before.get(file) !== real || (everything && this.#stamps.get(file) !== stampOf(file))) this.#dirty.add(file);
    }
  }

  #read(file: string): FileChange {
    if (!this.#scan.files.has(file)) {
      this.#stamps.delete(file);
      return { file, content: { kind: 'absent' } };
    }
    // Before the file is read: a change in between is then seen by the next rescan.
    this.#stamps.set(file, stampOf(file));
    return readManifest(file);
  }

  #pathProblems(): ReadonlyMap<string, readonly Problem[]> {
    return new Map([['paths', pathProblems(this.#scan)]]);
  }

  #scheduleRescan(every: number): void {
    clearInterval(this.#rescanTimer);
    this.#rescanTimer = setInterval(() => {
      if (this.#flushTimer !== undefined && this.#firstChange !== undefined) return;
      this.#lookAgain(true);
      this.#flush();
    }, every);
  }
}

/** Which shown files a real file is: several, where links lead to it. */
function invert(files: ReadonlyMap<string, string>): Map<string, readonly string[]> {
  const shown = new Map<string, readonly string[]>();
  for (const [file, real] of files) shown.set(real, [...(shown.get(real) ?? []), file]);
  return shown;
}

/** Whether a place is a folder or a link, or cannot be told. */
function leadsOn(place: string): boolean {
  try {
    const stat = lstatSync(place, { throwIfNoEntry: false });
    return stat !== undefined && (stat.isDirectory() || stat.isSymbolicLink());
  } catch {
    return true;
  }
}

/** What tells one version of a file from another without reading it; empty for one that cannot be looked at. */
function stampOf(file: string): string {
  try {
    const { ino, size, mtimeNs } = statSync(file, { bigint: true });
    return `${ino} ${size} ${mtimeNs}`;
  } catch {
    return '';
  }
}
