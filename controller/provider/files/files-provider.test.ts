import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { brief, describeProviderContract, upserts } from '../contract.ts';
import type { ResourceBatch, Stop } from '../provider.ts';
import { filesProvider } from './files-provider.ts';

let root = '';
let stop: Stop | undefined;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sluice-files-'));
});
afterEach(async () => {
  await stop?.();
  stop = undefined;
  rmSync(root, { recursive: true, force: true });
});

describeProviderContract('the files provider', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-contract-'));
  return Promise.resolve({
    provider: filesProvider({ paths: [folder], log: { warn: () => {} } }),
    write: (name, documents) => Promise.resolve(writeFileSync(join(folder, `${name}.yaml`), documents.join('---\n'))),
    remove: (name) => Promise.resolve(rmSync(join(folder, `${name}.yaml`))),
    dispose: () => Promise.resolve(rmSync(folder, { recursive: true })),
  });
});

function backend(name: string, port: number): string {
  return `apiVersion: gateway.envoyproxy.io/v1alpha1\nkind: Backend\nmetadata:\n  name: ${name}\nspec:\n  endpoints:\n  - ip: { address: 127.0.0.1, port: ${port} }\n`;
}

const key = (name: string) => `gateway.envoyproxy.io/Backend/default/${name}`;

async function start(...paths: string[]): Promise<ResourceBatch[]> {
  const batches: ResourceBatch[] = [];
  const provider = filesProvider({ paths: paths.length === 0 ? [root] : paths, log: { warn: () => {} } });
  stop = await provider.start((batch) => batches.push(batch));
  return batches;
}

function file(name: string, text: string): string {
  const path = join(root, name);
  writeFileSync(path, text);
  return path;
}

describe('the files provider', () => {
  it('reads folders recursively, yaml, yml and json, and leaves hidden entries out', async () => {
    mkdirSync(join(root, 'deep/er'), { recursive: true });
    file('a.yaml', backend('a', 1));
    file('deep/b.yml', backend('b', 1));
    file('deep/er/c.json', JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } }));
    file('.hidden.yaml', backend('hidden', 1));
    file('notes.txt', 'not: a manifest');
    const batches = await start();
    expect(batches[0]?.map(brief)).toEqual([
      `upsert ${key('a')}`,
      `upsert ${key('b')}`,
      'upsert /ConfigMap/default/c',
      'synced',
    ]);
  });

  it('sees a file that is replaced by rename', async () => {
    file('a.yaml', backend('a', 1));
    const batches = await start();
    renameSync(file('a.yaml.tmp', backend('a', 2)), join(root, 'a.yaml'));
    await expect
      .poll(() => upserts(batches).at(-1)?.resource)
      .toMatchObject({ spec: { endpoints: [{ ip: { port: 2 } }] } });
    expect(batches).toHaveLength(2);
  });

  it('sees the ..data link of a mounted ConfigMap turn, as one change', async () => {
    mkdirSync(join(root, '..v1'));
    mkdirSync(join(root, '..v2'));
    writeFileSync(join(root, '..v1/a.yaml'), backend('a', 1));
    writeFileSync(join(root, '..v1/b.yaml'), backend('b', 1));
    writeFileSync(join(root, '..v2/a.yaml'), backend('a', 2));
    writeFileSync(join(root, '..v2/b.yaml'), backend('b', 2));
    symlinkSync('..v1', join(root, '..data'));
    symlinkSync('..data/a.yaml', join(root, 'a.yaml'));
    symlinkSync('..data/b.yaml', join(root, 'b.yaml'));
    const batches = await start();
    expect(batches[0]?.map(brief)).toEqual([`upsert ${key('a')}`, `upsert ${key('b')}`, 'synced']);
    symlinkSync('..v2', join(root, '..data_tmp'));
    renameSync(join(root, '..data_tmp'), join(root, '..data'));
    rmSync(join(root, '..v1'), { recursive: true });
    await expect.poll(() => batches.length).toBe(2);
    expect(batches[1]?.map(brief)).toEqual([`upsert ${key('a')}`, `upsert ${key('b')}`]);
  });

  it('follows a link to a file elsewhere, and sees it change there', async () => {
    mkdirSync(join(root, 'in'));
    mkdirSync(join(root, 'out'));
    file('out/a.yaml', backend('a', 1));
    symlinkSync('../out/a.yaml', join(root, 'in/a.yaml'));
    const batches = await start(join(root, 'in'));
    file('out/a.yaml', backend('a', 2));
    await expect.poll(() => upserts(batches)).toHaveLength(2);
  });

  it('enters a folder that is in itself once, and says so', async () => {
    file('a.yaml', backend('a', 1));
    symlinkSync('.', join(root, 'loop'));
    symlinkSync('self.yaml', join(root, 'self.yaml'));
    const batches = await start();
    expect(batches[0]?.map(brief)).toEqual([
      `upsert ${key('a')}`,
      expect.stringContaining('problem unreadable is a symbolic link to'),
      'problem unreadable is a symbolic link that leads back to itself',
      'synced',
    ]);
  });

  it('waits for a path that does not exist yet', async () => {
    const path = join(root, 'later');
    const batches = await start(path);
    expect(batches[0]?.map(brief)).toEqual(['problem unreadable no such file or folder', 'synced']);
    mkdirSync(path);
    writeFileSync(join(path, 'a.yaml'), backend('a', 1));
    await expect.poll(() => batches.flat().map(brief)).toContain(`upsert ${key('a')}`);
    expect(batches.flat().map(brief)).toContain('problem-cleared');
  });

  it('sees a new folder with files in it, and a folder that is replaced by another', async () => {
    const batches = await start();
    mkdirSync(join(root, 'sub'));
    file('sub/a.yaml', backend('a', 1));
    await expect.poll(() => upserts(batches)).toHaveLength(1);
    mkdirSync(join(root, '.next'));
    file('.next/a.yaml', backend('a', 2));
    renameSync(join(root, 'sub'), join(root, '.old'));
    renameSync(join(root, '.next'), join(root, 'sub'));
    await expect.poll(() => upserts(batches)).toHaveLength(2);
    file('sub/a.yaml', backend('a', 3));
    await expect.poll(() => upserts(batches)).toHaveLength(3);
  });

  it('keeps the last good state of a file that is being written', async () => {
    const text = `${backend('a', 1)}---\n${backend('b', 1)}`;
    const path = file('a.yaml', text);
    const batches: ResourceBatch[] = [];
    // Longer than this machine may take between two writes.
    const pace = { hold: 3_000, longest: 20_000 };
    stop = await filesProvider({ paths: [root], log: { warn: () => {} }, pace }).start((batch) => batches.push(batch));
    truncateSync(path);
    appendFileSync(path, text.slice(0, text.length - 90));
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
    appendFileSync(path, text.slice(text.length - 90).replace('port: 1', 'port: 2'));
    await expect.poll(() => batches.length).toBe(2);
    expect(batches[1]?.map(brief)).toEqual([`upsert ${key('b')}`]);
  });

  it('keeps serving the last good object of a broken document, names the place, and clears the problem', async () => {
    const path = file('a.yaml', `${backend('a', 1)}---\n${backend('b', 1)}`);
    const batches = await start();
    file('a.yaml', `${backend('a', 1)}---\n${backend('b', 1).replace('port: 1', 'port: many')}`);
    await expect.poll(() => batches.length).toBe(2);
    expect(batches[1]).toMatchObject([
      {
        kind: 'problem',
        problem: {
          severity: 'error',
          reason: 'invalid',
          file: path,
          line: 15,
          column: 31,
          field: 'spec.endpoints[0].ip.port',
          message: 'must be a whole number, found "many"',
          object: { kind: 'Backend', namespace: 'default', name: 'b', key: key('b') },
        },
      },
    ]);
    file('a.yaml', `${backend('a', 1)}---\n${backend('b', 2)}`);
    await expect.poll(() => batches.length).toBe(3);
    expect(batches[2]?.map(brief)).toEqual([`upsert ${key('b')}`, 'problem-cleared']);
  });

  it('serves the first of two objects with one name and names both places; the second takes over when the first goes', async () => {
    file('a.yaml', backend('x', 1));
    file('b.yaml', `# second\n${backend('x', 2)}`);
    const batches = await start();
    expect(batches[0]).toMatchObject([
      { kind: 'upsert', source: { file: join(root, 'a.yaml') } },
      {
        kind: 'problem',
        problem: {
          file: join(root, 'b.yaml'),
          line: 2,
          message: `is declared before in ${join(root, 'a.yaml')}:1:1, which is served; this one is not`,
        },
      },
      { kind: 'synced' },
    ]);
    rmSync(join(root, 'a.yaml'));
    await expect.poll(() => batches.length).toBe(2);
    expect(batches[1]).toMatchObject([
      { kind: 'upsert', resource: { spec: { endpoints: [{ ip: { port: 2 } }] } } },
      { kind: 'problem-cleared' },
    ]);
  });

  it('refuses what is too large, no file or not text, and goes on with the rest', async () => {
    file('good.yaml', backend('a', 1));
    truncateSync(file('large.yaml', ''), 50 * 1024 * 1024);
    writeFileSync(join(root, 'binary.yaml'), Buffer.from([0xff, 0xfe, 0x00]));
    execFileSync('mkfifo', [join(root, 'pipe.yaml')]);
    const batches = await start(root, join(root, 'pipe.yaml'));
    expect(batches[0]?.map(brief)).toEqual([
      `upsert ${key('a')}`,
      'problem unreadable is neither a file nor a folder',
      'problem unreadable is not text in UTF-8',
      'problem unreadable has 52428800 bytes, at most 16777216 (16 MiB) are read',
      'synced',
    ]);
  });

  it('finds the place of a field of what it serves', async () => {
    const path = file('a.yaml', `${backend('a', 1)}---\n${backend('b', 1)}`);
    const provider = filesProvider({ paths: [root], log: { warn: () => {} } });
    stop = await provider.start(() => {});
    expect(provider.locate(key('b'), ['spec', 'endpoints', 0, 'ip', 'port'])).toEqual({
      kind: 'file',
      file: path,
      line: 15,
      column: 31,
    });
    expect(provider.locate(key('none'))).toBeUndefined();
  });
});
