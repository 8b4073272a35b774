import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bindProxySocket } from './proxy-socket.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sl-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('the socket of a proxy', () => {
  it('is for its user alone, and keeps who comes early until somebody serves', async () => {
    const path = join(folder, 'p', 'xds.sock');
    const socket = await bindProxySocket(path);
    expect([statSync(path).mode & 0o777, statSync(join(folder, 'p')).mode & 0o777]).toEqual([0o600, 0o700]);
    const early = createConnection(path);
    early.write('hello');
    await once(early, 'connect');
    const heard = new Promise<string>((resolve) => {
      const listen = (connection: Socket): void => void connection.once('data', (bytes) => resolve(bytes.toString()));
      setImmediate(() => socket.take(listen));
    });
    expect(await heard).toBe('hello');
    early.destroy();
    await socket.close();
    expect(existsSync(path)).toBe(false);
  });

  it('takes the place of one that a killed controller left', async () => {
    const path = join(folder, 'xds.sock');
    const left = await bindProxySocket(path);
    const socket = await bindProxySocket(path);
    await left.close();
    await socket.close();
  });
});
