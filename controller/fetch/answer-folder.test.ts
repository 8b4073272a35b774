import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { refusal, success } from '../resources/verdict.ts';
import type { KeySetWant } from '../resources/wants.ts';
import { answerFolder } from './answer-folder.ts';

const wantOf = (name: string): KeySetWant => ({
  kind: 'KeySet',
  url: `https://${name}.example/`,
  refresh: 1_000,
  retry: 1_000,
});

let root: string;
let failures: unknown[];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sl-answers-'));
  failures = [];
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** What an earlier or later process has; good are texts that begin with "good". */
const opened = (folder = join(root, 'answers')) =>
  answerFolder(
    folder,
    (_, text) => (text.startsWith('good') ? success(text) : refusal('Bad', 'is not good')),
    (error) => failures.push(error),
  );

describe('what was fetched', () => {
  it('is there for the next process, until nobody wants it any more', () => {
    opened().write(wantOf('a'), { kind: 'document', text: 'good 1' });
    expect(opened().read(wantOf('a'))).toEqual({ kind: 'document', text: 'good 1' });
    expect(opened().read({ ...wantOf('a'), refresh: 5 })).toEqual({ kind: 'document', text: 'good 1' });
    expect(opened().read(wantOf('b'))).toBeUndefined();
    opened().forget(wantOf('a'));
    expect(opened().read(wantOf('a'))).toBeUndefined();
    expect(failures).toEqual([]);
  });

  it('is judged again: what was good once need not be for another version', () => {
    opened().write(wantOf('a'), { kind: 'document', text: 'good' });
    const [file = ''] = readdirSync(join(root, 'answers'));
    expect(statSync(join(root, 'answers', file)).mode & 0o777).toBe(0o600);
    writeFileSync(join(root, 'answers', file), 'broken');
    expect(opened().read(wantOf('a'))).toBeUndefined();
  });

  it('is told when it cannot be kept, and does without', () => {
    writeFileSync(join(root, 'file'), '');
    const nowhere = opened(join(root, 'file'));
    nowhere.write(wantOf('a'), { kind: 'document', text: 'good' });
    expect(nowhere.read(wantOf('a'))).toBeUndefined();
    expect(failures.length).toBeGreaterThan(0);
    expect(readFileSync(join(root, 'file'), 'utf8')).toBe('');
  });

  it('is removed when nobody has read it for a week, and not before', () => {
    const folder = join(root, 'answers');
    const age = (days: number) => {
      const then = new Date(Date.now() - days * 86_400_000);
      for (const file of readdirSync(folder)) utimesSync(join(folder, file), then, then);
    };
    opened().write(wantOf('a'), { kind: 'document', text: 'good' });
    age(6);
    expect(opened().read(wantOf('a'))).toBeDefined();
    expect(opened().read(wantOf('a'))).toBeDefined();
    age(8);
    expect(opened().read(wantOf('a'))).toBeUndefined();
  });
});
