import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { listen } from '#test/listening.ts';
import { DEFAULT_FETCH_SETTINGS } from './fetch-settings.ts';
import { guardedConnector } from './guarded-connector.ts';

const sockets: Socket[] = [];
afterEach(() => sockets.splice(0).forEach((socket) => socket.destroy()));

/** Connects to a name that has other addresses each time it is resolved; tells what became of each connection. */
async function connections(answers: readonly (readonly string[])[]): Promise<readonly string[]> {
  const { port, stop } = await listen(createServer());
  let asked = 0;
  const connect = guardedConnector(DEFAULT_FETCH_SETTINGS, (_, __, done) => {
    const addresses = answers[asked] ?? [];
    asked += 1;
    done(
      null,
      addresses.map((one) => ({ address: one, family: one.includes(':') ? 6 : 4 })),
    );
  });
  const outcomes: string[] = [];
  for (const _ of answers) {
    outcomes.push(
      await new Promise((resolve) => {
        connect({ hostname: 'rebound.example', protocol: 'http:', port: String(port) }, (error, socket) => {
          if (socket !== null) sockets.push(socket);
          resolve(error === null ? 'connected' : error.message);
        });
      }),
    );
  }
  await stop();
  return outcomes;
}

describe('a guarded connection', () => {
  it('is judged by the address that the name has this time', async () => {
    expect(await connections([['127.0.0.1'], ['169.254.169.254'], ['127.0.0.1'], ['::ffff:a9fe:a9fe']])).toEqual([
      'connected',
      expect.stringContaining('169.254.169.254 is a metadata service'),
      'connected',
      expect.stringContaining('::ffff:a9fe:a9fe is a metadata service'),
    ]);
  });

  it('is refused to a name that has a refused address among others', async () => {
    expect(await connections([['127.0.0.1', 'fe80::1']])).toEqual([expect.stringContaining('fe80::1 is link-local')]);
  });
});
