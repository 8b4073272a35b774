import type { Resource } from '#controller/api/gen/types.d.ts';
import type { FileSource, Problem, ResourceKey } from '../provider.ts';
import type { DocumentOutcome, DocumentProblem } from './read-document.ts';
import { fingerprint, readDocument } from './read-document.ts';
import { splitDocuments } from './split-documents.ts';

/** What one file serves. */
export type Served = { readonly resource: Resource; readonly source: FileSource };

type ReadDocument = { readonly fingerprint: string; readonly line: number; readonly outcome: DocumentOutcome };

/**
 * One file as last read: what it serves, and what is wrong with it.
 *
 * Pure and total: a new text and the view before it give the new view. A document whose text is unchanged keeps its outcome and its objects their
 * identity; what is broken keeps its last good object.
 */
export type FileView = {
  readonly file: string;
  readonly documents: readonly ReadDocument[];
  readonly served: ReadonlyMap<ResourceKey, Served>;
  readonly problems: readonly Problem[];
  /** Keys whose last good object is served because the present text is broken. */
  readonly retained: ReadonlySet<ResourceKey>;
  /** Whether the text ends a line: one that no longer does may be half-written. */
  readonly endsLine: boolean;
};

/** What reading a file gave. */
export type FileContent =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'unreadable'; readonly message: string };

/** A file of which nothing was read yet. */
export function emptyView(file: string): FileView {
  return { file, documents: [], served: new Map(), problems: [], retained: new Set(), endsLine: true };
}

/** The view after a file was read again. */
export function readFileView(before: FileView, content: FileContent): FileView {
  const { file } = before;
  if (content.kind === 'unreadable') {
    const problem: Problem = {
      severity: 'error',
      reason: 'unreadable',
      file,
      line: 1,
      column: 1,
      message: content.message,
    };
    return { ...before, problems: [problem], retained: new Set(before.served.keys()) };
  }
  const known = new Map(before.documents.map((document) => [document.fingerprint, document.outcome]));
  const documents = splitDocuments(content.text).map(({ text, line }): ReadDocument => {
    const id = fingerprint(text);
    return { fingerprint: id, line, outcome: known.get(id) ?? readDocument(detached(text)) };
  });
  return { file, documents, ...serve(before, documents), endsLine: content.text === '' || content.text.endsWith('\n') };
}

/** A copy of its own: the strings of an object are slices of this text, and would otherwise keep the text of the whole file in memory. */
function detached(text: string): string {
  return Buffer.from(text).toString();
}

function serve(
  before: FileView,
  documents: readonly ReadDocument[],
): Pick<FileView, 'served' | 'problems' | 'retained'> {
  const { file } = before;
  const served = new Map<ResourceKey, Served>();
  const problems: Problem[] = [];
  for (const { line, outcome } of documents) {
    for (const problem of outcome.problems) problems.push(place(problem, file, line));
    for (const { key, resource, position } of outcome.entries) {
      const source: FileSource = { kind: 'file', file, line: line + position.line - 1, column: position.column };
      const first = served.get(key);
      if (first === undefined) served.set(key, keepIdentity(before.served.get(key), { resource, source }));
      else problems.push(duplicateOf({ resource, source }, first.source));
    }
  }
  const retained = retain(before, problems, served);
  return { served, problems, retained };
}

/** A text that differs in comments only, or moved to another line, says the same: the object that is served stays. */
function keepIdentity(before: Served | undefined, now: Served): Served {
  if (before === undefined || before.resource === now.resource) return now;
  return JSON.stringify(before.resource) === JSON.stringify(now.resource) ? { ...now, resource: before.resource } : now;
}

/** Adds the last good objects of what is broken now: those that are named, or all that are missing when something could not be read at all. */
function retain(before: FileView, problems: readonly Problem[], served: Map<ResourceKey, Served>): Set<ResourceKey> {
  const retained = new Set<ResourceKey>();
  const unread = problems.some(
    ({ reason, object }) => reason === 'syntax' || (reason === 'invalid' && object?.key === undefined),
  );
  const broken = new Set(problems.map(({ object }) => object?.key));
  for (const [key, last] of before.served) {
    if (served.has(key) || !(unread || broken.has(key))) continue;
    served.set(key, last);
    retained.add(key);
  }
  return retained;
}

function place({ position, ...problem }: DocumentProblem, file: string, line: number): Problem {
  return { ...problem, file, line: line + position.line - 1, column: position.column };
}

/** The problem of a second object with a key that is taken. */
export function duplicateOf({ resource, source }: Served, first: FileSource): Problem {
  const { metadata } = resource;
  return {
    severity: 'error',
    reason: 'duplicate',
    file: source.file,
    line: source.line,
    column: source.column,
    object: {
      kind: resource.kind,
      name: metadata.name,
      ...('namespace' in metadata ? { namespace: metadata.namespace } : {}),
      ...(resource.kind === 'Secret' ? {} : { document: { ...resource } }),
    },
    message: `is declared before in ${first.file}:${first.line}:${first.column}, which is served; this one is not`,
  };
}
