import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loginKeys, sessionKeys } from './login-keys.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-'));
  file = join(folder, 'login-keys.json');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function keys() {
  const found = await loginKeys(folder);
  if (!found.ok) throw new Error(found.refusal.message);
  return found.value;
}

describe('the keys of logins', () => {
  it('are made once, and are the same ever after', async () => {
    const made = await keys();
    const again = await keys();
    expect(sessionKeys(again)).toEqual(sessionKeys(made));
    const [[before], [after]] = [made.sealing, again.sealing];
    expect(Buffer.from(after ?? []).equals(before ?? Buffer.alloc(0))).toBe(true);
    expect(await readdir(folder)).toEqual(['login-keys.json']);
  });

  it('are readable to this user alone, also when somebody changed that', async () => {
    await keys();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await chmod(file, 0o644);
    await keys();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('verify with every key of the file, so that one can be put in front of the others', async () => {
    const [one] = sessionKeys(await keys());
    const before: { session: object[]; sealing: string[] } = JSON.parse(await readFile(file, 'utf8'));
    await rm(file);
    const [two] = sessionKeys(await keys());
    const after: { session: object[]; sealing: string[] } = JSON.parse(await readFile(file, 'utf8'));
    const both = { session: [...after.session, ...before.session], sealing: [...after.sealing, ...before.sealing] };
    await writeFile(file, JSON.stringify(both));
    expect(sessionKeys(await keys())).toEqual([two, one]);
  });

  it.each(['', '{}', '{"session":[],"sealing":[]}', '{"session":[{}],"sealing":["AAAA"]}', 'null'])(
    'are not replaced where the file is %j: that would end every session unasked',
    async (text) => {
      await writeFile(file, text);
      expect(await loginKeys(folder)).toMatchObject({ ok: false, refusal: { message: expect.stringContaining(file) } });
      expect(await readFile(file, 'utf8')).toBe(text);
    },
  );

  it('are not made where they cannot be kept', async () => {
    await rm(folder, { recursive: true });
    expect(await loginKeys(folder)).toMatchObject({ ok: false });
  });
});
