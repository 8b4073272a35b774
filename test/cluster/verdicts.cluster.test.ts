import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { isObject } from '#controller/api/compile.ts';
import { kinds } from '#controller/api/kinds.ts';
import { validateSchema } from '#controller/api/validate.ts';
import { ROOT } from '#deploy/setup/node24.mjs';
import { probesOf } from './constraint-probes.ts';
import { connectCluster } from './control-plane.ts';

const cluster = connectCluster(inject('cluster'));
const GROUP = 'gateway.envoyproxy.io';
const own = kinds.filter(({ group }) => group === GROUP);

/** Files of manifests, good and bad, under a folder. */
function documentsUnder(folder: string): readonly unknown[] {
  const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.yaml'))
    .flatMap((file) => {
      const text = readFileSync(join(ROOT, folder, file), 'utf8');
      if (!text.includes(`${GROUP}/`)) return [];
      const documents = parseAllDocuments(text);
      return Array.isArray(documents) ? documents.map((document): unknown => document.toJS()) : [];
    });
}

const FOLDERS = ['controller', 'deploy/examples', 'test'];
const corpus = FOLDERS.flatMap((folder) => documentsUnder(folder)).flatMap((document) => {
  const kind = isObject(document) ? own.find(({ kind: name }) => name === document['kind']) : undefined;
  return kind === undefined || !isObject(document) ? [] : [{ kind, document }];
});

/** One that is next to it and most likely wrong: a field that nobody knows, and a spec without one of its fields. */
function* near(document: { readonly [field: string]: unknown }): Iterable<{ readonly [field: string]: unknown }> {
  yield document;
  const { spec } = document;
  if (!isObject(spec)) return;
  yield { ...document, spec: { ...spec, notAField: 1 } };
  for (const [field, value] of Object.entries(spec)) {
    yield { ...document, spec: Object.fromEntries(Object.entries(spec).filter(([name]) => name !== field)) };
    yield { ...document, spec: { ...spec, [field]: typeof value === 'string' ? 1 : 'text' } };
    if (Array.isArray(value)) yield { ...document, spec: { ...spec, [field]: [] } };
    if (!isObject(value)) continue;
    for (const inner of Object.keys(value)) {
      const less = Object.fromEntries(Object.entries(value).filter(([name]) => name !== inner));
      yield { ...document, spec: { ...spec, [field]: less } };
    }
  }
}

describe('objects of our group', () => {
  it('are many', () => {
    expect(corpus.length).toBeGreaterThan(50);
  });

  it.each(own.map(({ kind }) => kind))('get the verdict of files from an API server, too: %s', async (name) => {
    const seen = new Set<string>();
    const different: unknown[] = [];
    for (const { kind, document } of corpus.filter((one) => one.kind.kind === name)) {
      for (const variant of near(document)) {
        const object = { ...variant, metadata: { name: 'verdict', namespace: 'default' }, status: undefined };
        const text = JSON.stringify(object);
        if (seen.has(text)) continue;
        seen.add(text);
        const ours = validateSchema(kind.schema, JSON.parse(text));
        const theirs = await cluster.api.ask({
          method: 'POST',
          path: `/apis/${GROUP}/${kind.storageVersion}/namespaces/default/${kind.plural}`,
          query: { dryRun: 'All', fieldValidation: 'Strict' },
          body: object,
        });
        const accepted = theirs.status >= 200 && theirs.status < 300;
        if (accepted === ours.ok) continue;
        const message = isObject(theirs.body) ? theirs.body['message'] : theirs.body;
        different.push({
          object: text,
          ours: ours.ok ? 'accepted' : ours.errors.slice(0, 3),
          theirs: message ?? 'accepted',
        });
      }
    }
    expect(different).toEqual([]);
    expect(seen.size).toBeGreaterThan(3);
  });

  it.each(own.map(({ kind }) => kind))(
    'hit every rule, enum, pattern and bound of their kind both ways: %s',
    async (name) => {
      const kind = own.find((one) => one.kind === name);
      const spec = kind?.schema.properties['spec'];
      if (kind === undefined || spec === undefined) throw new Error(`${name} has no spec`);
      const path = `/apis/${GROUP}/${kind.storageVersion}/namespaces/default/${kind.plural}`;
      const query = { dryRun: 'All', fieldValidation: 'Strict' };
      const head = { apiVersion: `${GROUP}/${kind.storageVersion}`, kind: name };
      const metadata = { name: 'verdict', namespace: 'default' };
      const probes = [...probesOf(spec)];
      const different: unknown[] = [];
      /** By constraint: whether a good object was not refused for it, and a bad one was. */
      const hit = new Map<string, { good: boolean; bad: boolean }>();
      await atOnce(16, probes, async ({ constraint, isGood, spec: value, says }) => {
        const object = { ...head, metadata, spec: value };
        const ours = validateSchema(kind.schema, JSON.parse(JSON.stringify(object)));
        const theirs = await cluster.api.ask({ method: 'POST', path, query, body: object });
        const isAccepted = theirs.status >= 200 && theirs.status < 300;
        const message = isObject(theirs.body) ? String(theirs.body['message']) : '';
        const known = hit.get(constraint) ?? { good: false, bad: false };
        const isRefusedForIt = !isAccepted && says.test(message);
        hit.set(
          constraint,
          isGood
            ? { ...known, good: known.good || isAccepted || !says.test(message) }
            : { ...known, bad: known.bad || isRefusedForIt },
        );
        if (isAccepted === ours.ok) return;
        const said = ours.ok
          ? 'accepted'
          : ours.errors.slice(0, 3).map((error) => `${error.path.join('.')}: ${error.message}`);
        different.push({
          constraint,
          isGood,
          object: JSON.stringify(value),
          ours: said,
          theirs: isAccepted ? 'accepted' : message,
        });
      });
      const unhit = [...hit]
        .filter(([, { good, bad }]) => !good || !bad)
        .map(([constraint, how]) => ({ constraint, ...how }));
      expect({ different, unhit }).toEqual({ different: [], unhit: [] });
      expect(hit.size).toBeGreaterThan(20);
    },
  );
});

/** Does something with each, so many at a time. */
async function atOnce<T>(most: number, all: readonly T[], act: (one: T) => Promise<void>): Promise<void> {
  const left = all.values();
  const work = async (): Promise<void> => {
    for (const one of left) await act(one);
  };
  await Promise.all(Array.from({ length: most }, work));
}
