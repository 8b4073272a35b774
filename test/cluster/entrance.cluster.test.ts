import { execFile } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { writeEntrance } from './entrance.ts';
import { inOwnNamespaces } from './namespaces.ts';

const run = promisify(execFile);
const folder = realpathSync(mkdtempSync(join(tmpdir(), 'sluice-entrance-')));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the entrance of a cluster', () => {
  it('leads into its namespaces, with its programs, and to where one was', async () => {
    await run('mkfifo', [join(folder, 'end')]);
    let script = '';
    const ended = inOwnNamespaces('sh', ['-c', `echo $$ > ${folder}/first; exec cat ${folder}/end`], (maker) => {
      script = writeEntrance({ folder, maker, programs: { shown: '/bin/echo' } });
    });
    const ask = async (command: string): Promise<string> => {
      const { stdout } = await run(script, ['sh', '-c', command], { cwd: folder });
      return stdout.trim();
    };
    await expect.poll(() => ask('cat first')).toBe('1');
    expect(await ask('readlink /proc/1/ns/net')).toBe(await ask('readlink /proc/self/ns/net'));
    expect(await ask('readlink /proc/self/ns/net')).not.toBe(
      (await run('readlink', ['/proc/self/ns/net'])).stdout.trim(),
    );
    expect(await ask('pwd; shown $KUBECONFIG')).toBe(`${folder}\n${folder}/control-plane/kubeconfig`);
    await run('sh', ['-c', `: > ${folder}/end`]);
    expect(await ended).toBe(0);
  });
});
