import { mkdtempSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { ApiServer } from '#controller/kubernetes/api-server.ts';
import type { Pod } from './kinds.ts';
import { fillVolume } from './pod-volumes.ts';

const root = mkdtempSync(join(tmpdir(), 'sluice-volume-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const pod: Pod = {
  metadata: { name: 'a', namespace: 'n', uid: 'u' },
  spec: { containers: [] },
};

function withSecret(data: () => Readonly<Record<string, string>>): ApiServer {
  return {
    ask: () =>
      Promise.resolve({
        status: 200,
        body: {
          data: Object.fromEntries(
            Object.entries(data()).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
          ),
        },
        retryAfter: undefined,
      }),
    watch: () => Promise.reject(new Error('nothing is watched')),
    close: () => undefined,
  };
}

describe('a volume of a Secret', () => {
  let data: Readonly<Record<string, string>> = { 'tls.crt': 'one', 'tls.key': 'key' };
  const folder = join(root, 'certs');
  const fill = (): Promise<boolean> =>
    fillVolume(
      withSecret(() => data),
      pod,
      '10.244.1.2',
      { name: 'certs', secret: { secretName: 's' } },
      folder,
    );

  it('has a file for each key', async () => {
    expect(await fill()).toBe(true);
    expect(readFileSync(join(folder, 'tls.crt'), 'utf8')).toBe('one');
    expect(await fill()).toBe(false);
  });

  it('changes as a whole: all its files lie behind one link', async () => {
    const before = readlinkSync(join(folder, '..data'));
    data = { 'tls.crt': 'two' };
    expect(await fill()).toBe(true);
    expect(readlinkSync(join(folder, '..data'))).not.toBe(before);
    expect(readFileSync(join(folder, 'tls.crt'), 'utf8')).toBe('two');
    expect(() => readFileSync(join(folder, 'tls.key'))).toThrow('ENOENT');
  });
});
