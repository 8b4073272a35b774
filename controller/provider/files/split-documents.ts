/** A document of a YAML stream: its text, with the `---` line that begins it, and the line of the file it starts on (from 1). */
export type DocumentText = { readonly text: string; readonly line: number };

/**
 * Splits a YAML stream into its documents without parsing it.
 *
 * A line that begins with `---` and a blank or its end is a document marker wherever it stands, also inside block and quoted scalars
 * (YAML 1.2.2, 9.1.2 "Document Markers" and rule c-forbidden); `...` ends a document. Comments and directives before a marker belong to the document
 * that follows it.
 */
export function splitDocuments(text: string): readonly DocumentText[] {
  const documents: DocumentText[] = [];
  const stream = text.startsWith('\uFEFF') ? text.slice(1) : text;
  let start = 0;
  let line = 1;
  let at = 0;
  let next: Markers = { start: -2, end: -2 };
  while (at < stream.length) {
    next = nextMarkers(stream, at, next);
    const marker = earlier(next);
    if (marker === undefined) break;
    const end = marker.kind === 'end' ? lineEnd(stream, marker.at) : marker.at;
    const piece = stream.slice(start, end);
    if (marker.kind === 'end' || !isPreamble(piece)) {
      documents.push({ text: piece, line });
      line += countLines(piece);
      start = end;
    }
    at = lineEnd(stream, marker.at);
  }
  const last = stream.slice(start);
  if (last !== '') documents.push({ text: last, line });
  return documents;
}

type Marker = { readonly kind: 'start' | 'end'; readonly at: number };

/** Where the next marker of each kind is; -1 where there is none any more. */
type Markers = { readonly start: number; readonly end: number };

/** The first markers at or after a line's start; one that was found before and is not passed yet is not looked for again. */
function nextMarkers(text: string, from: number, { start, end }: Markers): Markers {
  return {
    start: start === -1 || start >= from ? start : findMarker(text, '---', from),
    end: end === -1 || end >= from ? end : findMarker(text, '...', from),
  };
}

function earlier({ start, end }: Markers): Marker | undefined {
  if (start === -1) return end === -1 ? undefined : { kind: 'end', at: end };
  return end === -1 || start < end ? { kind: 'start', at: start } : { kind: 'end', at: end };
}

function findMarker(text: string, marker: string, from: number): number {
  if (text.startsWith(marker, from) && endsToken(text, from + 3)) return from;
  let at = text.indexOf(`\n${marker}`, from === 0 ? 0 : from - 1);
  while (at !== -1) {
    if (at + 1 >= from && endsToken(text, at + 4)) return at + 1;
    at = text.indexOf(`\n${marker}`, at + 1);
  }
  return -1;
}

function endsToken(text: string, at: number): boolean {
  const next = text[at];
  return next === undefined || next === ' ' || next === '\t' || next === '\n' || next === '\r';
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end === -1 ? text.length : end + 1;
}

/** Whether nothing but blank lines, comments and directives is there, and no marker yet. */
function isPreamble(text: string): boolean {
  return /^(?:[ \t]*(?:#.*)?(?:\r?\n|$)|%.*(?:\r?\n|$))*$/u.test(text);
}

function countLines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
