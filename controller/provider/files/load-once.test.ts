import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { formatProblem } from '../format-problem.ts';
import { loadOnce } from './load-once.ts';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sluice-load-'));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

const configMap = (name: string) => `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n`;
const keys = (count: number) => Array.from({ length: count }, (_, index) => `/ConfigMap/default/c${index}`);

describe('loading once', () => {
  it('reads standard input where a path is -', () => {
    const loaded = loadOnce(['-'], { stdin: Buffer.from(configMap('a')) });
    expect([...loaded.resources.keys()]).toEqual(['/ConfigMap/default/a']);
    expect(loaded.resources.get('/ConfigMap/default/a')?.source).toEqual({
      kind: 'file',
      file: '-',
      line: 1,
      column: 1,
    });
  });

  it('expands a List, with the place of each object', () => {
    const text = `apiVersion: v1\nkind: List\nitems:\n- ${configMap('a').trim().replaceAll('\n', '\n  ')}\n- kind: Nothing\n`;
    const loaded = loadOnce(['-'], { stdin: Buffer.from(text) });
    expect(loaded.resources.get('/ConfigMap/default/a')?.source).toMatchObject({ line: 4, column: 3 });
    expect(loaded.locate('/ConfigMap/default/a', ['metadata', 'name'])).toMatchObject({ line: 7, column: 5 });
    expect(loaded.problems.map(formatProblem)).toEqual([
      '-:8:3: items[1]: must be a Kubernetes object: apiVersion is missing (found kind)',
    ]);
  });

  it('reads 10,000 documents in one file', () => {
    writeFileSync(
      join(root, 'many.yaml'),
      Array.from({ length: 10_000 }, (_, index) => configMap(`c${index}`)).join('---\n'),
    );
    const { resources, problems } = loadOnce([root]);
    expect(problems).toEqual([]);
    expect([...resources.keys()]).toEqual(keys(10_000));
  });

  it('says that a path does not exist', () => {
    expect(loadOnce([join(root, 'none')]).problems.map(formatProblem)).toEqual([
      `${join(root, 'none')}:1:1: no such file or folder`,
    ]);
  });

  it('reads the good documents beside a bad one, and gives the line in the file', () => {
    writeFileSync(
      join(root, 'a.yaml'),
      `${configMap('a')}---\n${configMap('b').replace('metadata', 'metdata')}---\n${configMap('c')}`,
    );
    const { resources, problems } = loadOnce([root]);
    expect([...resources.keys()]).toEqual(['/ConfigMap/default/a', '/ConfigMap/default/c']);
    expect(problems.map(formatProblem)).toEqual([
      `${join(root, 'a.yaml')}:6:1: ConfigMap: metadata: must be present, is missing`,
      `${join(root, 'a.yaml')}:8:1: ConfigMap: metdata: unknown field; did you mean metadata? (accepted here: apiVersion, kind, metadata, data, binaryData, immutable)`,
    ]);
  });
});
