import type { FieldPath } from '#controller/api/field-path.ts';
import type { FileSource, ResourceKey } from '../provider.ts';
import type { FileView } from './file-view.ts';
import { locate } from '../parse-yaml.ts';
import { fingerprint } from './read-document.ts';
import { splitDocuments } from './split-documents.ts';

/** The place of a field of an object that a file's text holds; the object's own place when the text has changed since. */
export function locateInFile(view: FileView, text: string, key: ResourceKey, path: FieldPath): FileSource | undefined {
  const served = view.served.get(key);
  for (const document of view.documents) {
    const entry = document.outcome.entries.find((candidate) => candidate.key === key);
    if (entry === undefined) continue;
    const piece = splitDocuments(text).find((candidate) => fingerprint(candidate.text) === document.fingerprint);
    if (piece === undefined) return served?.source;
    const { line, column } = path.length === 0 ? entry.position : locate(piece.text, [...entry.path, ...path]);
    return { kind: 'file', file: view.file, line: piece.line + line - 1, column };
  }
  return served?.source;
}
