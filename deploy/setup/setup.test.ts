import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ensure } from './setup.ts';
import { hashInputs } from './stamp.ts';
import { type Step, type StepName, stepsOf } from './steps.ts';

let root: string;
let runs: string[];
let lines: string[];

const write = (path: string, text: string): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
};

const build = (name: StepName, run: () => void): Step => ({
  kind: 'build',
  name,
  title: name,
  inputs: ['source', 'lockfile'],
  outputs: [`build/${name}`],
  ignore: /\.test\.ts$/,
  run: () => {
    runs.push(name);
    run();
  },
});

const ensureFilters = (run = (): void => write('build/filters', 'x')): Promise<void> =>
  ensure(['filters'], {
    root,
    log: (line) => lines.push(line),
    steps: {
      types: build('types', () => write('build/types', 'x')),
      kinds: build('kinds', () => write('build/kinds', 'x')),
      filters: build('filters', run),
      bundle: { kind: 'find', isThere: () => true, run: () => Promise.reject(new Error('it is there')) },
      envoy: { kind: 'find', isThere: () => true, run: () => Promise.reject(new Error('it is there')) },
    },
  });

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sluice-stamp-'));
  runs = [];
  lines = [];
  // A checkout, not a package.
  write('controller/main.ts', '');
  write('source/a.ts', 'a');
  write('source/nested/b.ts', 'b');
});
afterEach(() => rmSync(root, { recursive: true }));

describe('a step of the set-up', () => {
  test('runs once, says so in one line, and is silent the second time', async () => {
    await ensureFilters();
    await ensureFilters();
    expect(runs).toEqual(['filters']);
    expect(lines).toEqual([expect.stringMatching(/^setup: filters: done in \d+\.\d s$/)]);
  });

  test.each([
    ['an input changes', () => write('source/nested/b.ts', 'c')],
    ['an input is added', () => write('source/c.ts', '')],
    ['an input goes away', () => rmSync(join(root, 'source/a.ts'))],
    ['an input that was missing appears', () => write('lockfile', '{}')],
    ['an output is gone', () => rmSync(join(root, 'build/filters'))],
  ])('runs again when %s', async (_, change) => {
    await ensureFilters();
    change();
    await ensureFilters();
    expect(runs).toEqual(['filters', 'filters']);
  });

  test('does not run again for a change of a file that it ignores', async () => {
    await ensureFilters();
    write('source/a.test.ts', 'x');
    await ensureFilters();
    expect(runs).toEqual(['filters']);
  });

  test('runs again after it failed, though its output is there', async () => {
    await ensureFilters();
    write('source/a.ts', 'changed');
    const failing = ensureFilters(() => {
      throw new Error('no compiler');
    });
    await expect(failing).rejects.toThrow('no compiler');
    write('source/a.ts', 'a');
    await ensureFilters();
    expect(runs).toEqual(['filters', 'filters', 'filters']);
  });

  test('does not run in a package, which has what it makes and no sources', async () => {
    rmSync(join(root, 'controller/main.ts'));
    await ensureFilters();
    expect(runs).toEqual([]);
  });

  test('runs only when it is named', async () => {
    await ensureFilters();
    expect(runs).not.toContain('types');
  });
});

test('what a step makes is not among what it is made of', () => {
  const { filters, kinds } = stepsOf(root);
  for (const [step, made] of [
    [filters, 'wasm-filters/gen/revision.ts'],
    [kinds, 'controller/api/gen/types.d.ts'],
  ] as const) {
    if (step.kind !== 'build') throw new Error('it is built');
    const before = hashInputs(root, step);
    write(made, 'made');
    expect(hashInputs(root, step)).toBe(before);
  }
});
