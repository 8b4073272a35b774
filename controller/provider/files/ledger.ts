import type { Problem, ResourceBatch, ResourceEvent, ResourceKey } from '../provider.ts';
import type { FileContent, FileView, Served } from './file-view.ts';
import { duplicateOf, emptyView, readFileView } from './file-view.ts';
import { ProblemBook } from '../problem-book.ts';

/** A file that was read, or that is no longer there. */
export type FileChange = { readonly file: string; readonly content: FileContent | { readonly kind: 'absent' } };

/** How files are ordered: of two with the same object the earlier serves it. Negative when the first comes first. */
export type FileOrder = (first: string, second: string) => number;

/**
 * What all files together serve, and the events that tell of its changes.
 *
 * Cost follows the change: of a changed file only changed documents are read, and only keys of changed files are looked at.
 */
export class Ledger {
  readonly #order: FileOrder;
  readonly #views = new Map<string, FileView>();
  /** Which files have an object of a key, in order. */
  readonly #claims = new Map<ResourceKey, readonly string[]>();
  readonly #told = new Map<ResourceKey, Served>();
  readonly #problems = new ProblemBook();

  constructor(order: FileOrder) {
    this.#order = order;
  }

  /** The view a file would have; nothing changes. */
  preview({ file, content }: FileChange): FileView {
    if (content.kind === 'absent') return emptyView(file);
    return readFileView(this.#views.get(file) ?? emptyView(file), content);
  }

  /** Whether a view may be of a file that is still being written: it takes away or breaks something that is served, or ends in a line's middle. */
  isDoubtful(view: FileView): boolean {
    const before = this.#views.get(view.file);
    if (before === undefined) return view.problems.some(({ reason }) => reason === 'syntax');
    if (before.endsLine && !view.endsLine) return true;
    for (const key of before.served.keys()) {
      if (!view.served.has(key) || (view.retained.has(key) && !before.retained.has(key))) return true;
    }
    return false;
  }

  /** Takes over views and yields what changed, as one batch; other problems (of folders, say) go with it by owner. */
  apply(views: readonly FileView[], others: ReadonlyMap<string, readonly Problem[]> = new Map()): ResourceBatch {
    const touched = new Set<ResourceKey>();
    const problems = new Map(others);
    for (const view of views) {
      const before = this.#views.get(view.file);
      for (const key of before?.served.keys() ?? []) touched.add(key);
      for (const key of view.served.keys()) touched.add(key);
      this.#claim(view.file, before, view);
      if (view.documents.length === 0 && view.problems.length === 0) this.#views.delete(view.file);
      else this.#views.set(view.file, view);
      problems.set(`file ${view.file}`, view.problems);
    }
    const events = [...touched].flatMap((key) => this.#settle(key));
    for (const key of touched) problems.set(`key ${key}`, this.#duplicates(key));
    return [...events, ...this.#problems.replace(problems)];
  }

  /** Everything that is wrong now, in the order of files. */
  problems(): readonly Problem[] {
    return [...this.#problems.all()].sort(
      (a, b) => this.#order(a.file, b.file) || a.line - b.line || a.column - b.column,
    );
  }

  /** The view of a file, as last applied. */
  view(file: string): FileView | undefined {
    return this.#views.get(file);
  }

  /** Everything that is served now. */
  served(): ReadonlyMap<ResourceKey, Served> {
    return this.#told;
  }

  #claim(file: string, before: FileView | undefined, now: FileView): void {
    for (const key of before?.served.keys() ?? []) {
      if (now.served.has(key)) continue;
      const rest = (this.#claims.get(key) ?? []).filter((other) => other !== file);
      if (rest.length === 0) this.#claims.delete(key);
      else this.#claims.set(key, rest);
    }
    for (const key of now.served.keys()) {
      const files = this.#claims.get(key) ?? [];
      if (!files.includes(file)) this.#claims.set(key, [...files, file].sort(this.#order));
    }
  }

  /** The event that brings what was told of a key to what is so. */
  #settle(key: ResourceKey): ResourceEvent[] {
    const before = this.#told.get(key);
    const now = this.#claimants(key)[0];
    if (now === undefined) {
      this.#told.delete(key);
      return before === undefined ? [] : [{ kind: 'delete', key }];
    }
    this.#told.set(key, now);
    return before?.resource === now.resource ? [] : [{ kind: 'upsert', key, ...now }];
  }

  #duplicates(key: ResourceKey): readonly Problem[] {
    const [first, ...others] = this.#claimants(key);
    return first === undefined ? [] : others.map((other) => duplicateOf(other, first.source));
  }

  #claimants(key: ResourceKey): readonly Served[] {
    const files = this.#claims.get(key) ?? [];
    return files.map((file) => this.#views.get(file)?.served.get(key)).filter((served) => served !== undefined);
  }
}
