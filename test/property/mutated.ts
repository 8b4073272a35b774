import * as fc from 'fast-check';
import type { Document } from './choices.ts';

/** What a field may hold by mistake. */
const MISTAKES = fc.constantFrom<unknown>(
  undefined,
  null,
  '',
  'unknown',
  '*',
  'a\nb',
  -1,
  0,
  70_000,
  1.5,
  2 ** 53,
  true,
  [],
  {},
  [null],
  { unknown: 1 },
);

/** A document of which one to three places hold something else, at any depth below its metadata. */
export function mutated(documents: fc.Arbitrary<Document>): fc.Arbitrary<Document> {
  const changes = fc.array(fc.tuple(fc.nat(), MISTAKES), { minLength: 1, maxLength: 3 });
  return fc.tuple(documents, changes).map(([document, found]) => {
    const { apiVersion, kind, metadata, ...rest } = structuredClone(document);
    let body: unknown = rest;
    for (const [at, mistake] of found) body = replaced(body, at % (placesIn(body) + 1), mistake);
    return { ...(isContainer(body) && !Array.isArray(body) ? body : {}), apiVersion, kind, metadata };
  });
}

type Container = { readonly [key: string]: unknown };

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null;
}

/** How many values are below a value. */
function placesIn(value: unknown): number {
  if (!isContainer(value)) return 0;
  return Object.values(value).reduce<number>((sum, one) => sum + 1 + placesIn(one), 0);
}

/** The value with what is at a place, counted in depth-first order, replaced. */
function replaced(value: unknown, place: number, mistake: unknown): unknown {
  if (!isContainer(value)) return value;
  let left = place;
  const entries: [string, unknown][] = [];
  for (const [key, one] of Object.entries(value)) {
    const places = 1 + placesIn(one);
    if (left >= 0 && left < places) entries.push([key, left === 0 ? mistake : replaced(one, left - 1, mistake)]);
    else entries.push([key, one]);
    left -= places;
  }
  return Array.isArray(value) ? entries.map(([, one]) => one) : Object.fromEntries(entries);
}
