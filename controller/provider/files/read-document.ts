import { hash } from 'node:crypto';
import type { FieldPath } from '#controller/api/field-path.ts';
import { formatFieldPath } from '#controller/api/field-path.ts';
import type { Resource } from '#controller/api/gen/types.d.ts';
import type { Admission, Refusal } from '../admit.ts';
import { admit } from '../admit.ts';
import type { Problem, ResourceKey } from '../provider.ts';
import type { Position } from '../parse-yaml.ts';
import { locateAll, parseYaml } from '../parse-yaml.ts';

/** A resource of a document; its place counts from the document's first line. */
export type Entry = {
  readonly key: ResourceKey;
  readonly resource: Resource;
  readonly position: Position;
  /** Where the object is in the document: empty, or inside a List. */
  readonly path: FieldPath;
};

/** A problem whose place counts from the document's first line. */
export type DocumentProblem = Omit<Problem, 'file' | 'line' | 'column'> & { readonly position: Position };

/** Everything a document's text says, independent of the file and line where it stands. */
export type DocumentOutcome = {
  readonly entries: readonly Entry[];
  readonly problems: readonly DocumentProblem[];
};

/** The fingerprint of a document's text: equal texts have equal outcomes. */
export function fingerprint(text: string): string {
  return hash('sha256', text, 'base64');
}

/** Reads one document: YAML, then each object in it. Total: any text has an outcome. */
export function readDocument(text: string): DocumentOutcome {
  const parsed = parseYaml(text);
  if (!parsed.ok) {
    return {
      entries: [],
      problems: [{ severity: 'error', reason: 'syntax', message: parsed.message, position: parsed.position }],
    };
  }
  if (parsed.value === null || parsed.value === undefined) return { entries: [], problems: [] };
  return assemble(text, [...admitAll(parsed.value, [], 0)]);
}

type Admitted = {
  readonly path: readonly (string | number)[];
  readonly admission: Exclude<Admission, { kind: 'list' }>;
};

/** Lists are expanded, lists in lists too, to a depth that no real manifest has. */
function* admitAll(value: unknown, path: readonly (string | number)[], depth: number): Generator<Admitted> {
  const admission = admit(value);
  if (admission.kind !== 'list') {
    yield { path, admission };
    return;
  }
  if (depth > 8) return;
  for (const [index, item] of admission.items.entries()) yield* admitAll(item, [...path, 'items', index], depth + 1);
}

function assemble(text: string, admitted: readonly Admitted[]): DocumentOutcome {
  const [only] = admitted;
  if (admitted.length === 1 && only !== undefined && only.admission.kind === 'resource') {
    const { key, resource } = only.admission;
    return { entries: [{ key, resource, position: firstContent(text), path: [] }], problems: [] };
  }
  const paths = admitted.flatMap(({ path, admission }) =>
    admission.kind === 'resource' ? [path] : admission.refusals.map((refusal) => [...path, ...refusal.path]),
  );
  const positions = locateAll(text, paths).values();
  const entries: Entry[] = [];
  const problems: DocumentProblem[] = [];
  for (const { path, admission } of admitted) {
    if (admission.kind === 'resource') {
      entries.push({ key: admission.key, resource: admission.resource, position: next(positions), path });
    } else
      for (const refusal of admission.refusals) problems.push(problemOf(admission, refusal, path, next(positions)));
  }
  return { entries, problems };
}

function next(positions: Iterator<Position>): Position {
  const { value } = positions.next();
  return value ?? { line: 1, column: 1 };
}

function problemOf(
  { reason, object }: Extract<Admission, { kind: 'refused' }>,
  { path, message }: Refusal,
  inList: FieldPath,
  position: Position,
): DocumentProblem {
  // What has no field of its own is told by its place in the List.
  const field = formatFieldPath(path.length === 0 ? inList : path);
  return {
    severity: reason === 'ignored' ? 'warning' : 'error',
    reason,
    position,
    message,
    ...(field === '' ? {} : { field }),
    ...(object === undefined ? {} : { object }),
  };
}

/** The first line that is no comment, marker or directive. */
function firstContent(text: string): Position {
  let start = 0;
  for (let line = 1; line <= 200; line += 1) {
    const end = text.indexOf('\n', start);
    const content = text.slice(start, end === -1 ? undefined : end);
    if (/^\s*[^\s#%]/u.test(content) && !/^---(\s|$)/u.test(content)) {
      return { line, column: content.search(/\S/u) + 1 };
    }
    if (end === -1) break;
    start = end + 1;
  }
  return { line: 1, column: 1 };
}
