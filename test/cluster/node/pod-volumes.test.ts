import { mkdtempSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs';
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

describe('the files of a volume', () => {
  const group = process.getgid?.() ?? 0;
  /** The mode and group of a file of a Secret, or of the folder where none is named. */
  async function filled(
    name: string,
    volume: object,
    securityContext: object,
    file = '',
  ): Promise<readonly [string, number]> {
    const folder = join(root, name);
    const mine = { ...pod, spec: { ...pod.spec, securityContext } };
    const api = withSecret(() => ({ key: 'secret' }));
    await fillVolume(api, mine, '10.244.1.2', { name, ...volume }, folder);
    const { mode, gid } = statSync(join(folder, file));
    return [(mode & 0o7777).toString(8), gid];
  }

  it('may be read by whom the volume says', async () => {
    const mode = async (name: string, more: object): Promise<string> =>
      (await filled(name, { secret: { secretName: 's', ...more } }, {}, 'key'))[0];
    expect(await mode('default', {})).toBe('644');
    expect(await mode('own', { defaultMode: 0o400 })).toBe('400');
    expect(await mode('item', { defaultMode: 0o400, items: [{ key: 'key', path: 'key', mode: 0o600 }] })).toBe('600');
  });

  it("are the group's of the pod, which may read them, and write where the volume is empty at first", async () => {
    const secret = { secret: { secretName: 's', defaultMode: 0o400 } };
    expect(await filled('groups', secret, { fsGroup: group }, 'key')).toEqual(['440', group]);
    expect(await filled('empty', { emptyDir: {} }, { fsGroup: group })).toEqual(['2777', group]);
    expect((await filled('nobodys', { emptyDir: {} }, {}))[0]).toBe('777');
  });
});
