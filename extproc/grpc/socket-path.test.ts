import { once } from 'node:events';
import { lstat, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { leaveStaleSocket } from '../testing/stale-socket.ts';
import { tempFolder } from '../testing/temp-folder.ts';
import { claimSocketPath } from './socket-path.ts';
import { listenOnSocket } from './unix-server.ts';

describe('the path of a socket', () => {
  test('is free when nothing is there; its folder is made', async () => {
    const folder = join(await tempFolder(), 'a', 'b');
    expect(await claimSocketPath(join(folder, 'x.sock'))).toEqual({ kind: 'free' });
    expect((await stat(folder)).isDirectory()).toBe(true);
  });

  test('is freed of a socket that nobody answers on', async () => {
    const path = join(await tempFolder(), 'x.sock');
    await leaveStaleSocket(path);
    expect((await lstat(path)).isSocket()).toBe(true);
    expect(await claimSocketPath(path)).toEqual({ kind: 'free' });
    await expect(lstat(path)).rejects.toThrow('ENOENT');
  });

  test('is left to the process that listens on it', async () => {
    const path = join(await tempFolder(), 'x.sock');
    const server = createServer().listen(path);
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    expect(await claimSocketPath(path)).toEqual({
      kind: 'in-use',
      message: `another process listens on ${path}`,
    });
    expect((await lstat(path)).isSocket()).toBe(true);
  });

  test('is refused when a file of another kind is there, which stays', async () => {
    const path = join(await tempFolder(), 'x.sock');
    await writeFile(path, 'precious');
    expect(await claimSocketPath(path)).toEqual({ kind: 'unusable', message: `${path} is there and is no socket` });
    expect((await lstat(path)).size).toBe(8);
  });

  test('is refused when it is longer than a socket address holds', async () => {
    expect(await claimSocketPath(`/tmp/${'x'.repeat(103)}`)).toMatchObject({
      kind: 'unusable',
      message: expect.stringContaining('108 bytes; accepted are 107'),
    });
  });
});

test('a server opens its socket to the group, and removes it when it is drained', async () => {
  const path = join(await tempFolder(), 'x.sock');
  const listening = await listenOnSocket(path, []);
  if (listening.kind !== 'listening') throw new Error(listening.message);
  expect((await lstat(path)).mode & 0o777).toBe(0o660);
  expect(await listening.server.drain(1000)).toBe('drained');
  await expect(lstat(path)).rejects.toThrow('ENOENT');
});
