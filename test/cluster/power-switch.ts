/** The API server of the cluster that tests share is ended and started from their processes: by HTTP on a Unix socket. */
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { join } from 'node:path';
import type { ControlPlane } from './control-plane.ts';

const socketIn = (folder: string): string => join(folder, 'power-switch.sock');

/** Lets others end and start an API server. Resolves with what ends that. */
export async function openPowerSwitch(folder: string, controlPlane: ControlPlane): Promise<() => void> {
  const server = createServer((asked, answer) => {
    const act = asked.url === '/off' ? controlPlane.stopApiServer() : controlPlane.startApiServer();
    act.then(
      () => answer.end(),
      (error: unknown) => answer.writeHead(500).end(String(error)),
    );
  });
  server.listen(socketIn(folder));
  await once(server, 'listening');
  return () => server.close();
}

/** Ends the API server of the cluster in a folder, or starts it; resolves when that is done. */
export async function switchApiServer(folder: string, to: 'on' | 'off'): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const asked = request({ socketPath: socketIn(folder), path: `/${to}`, method: 'POST' }, (answer) => {
      answer.resume();
      answer.on('end', () =>
        answer.statusCode === 200 ? resolve() : reject(new Error(`the API server could not be switched ${to}`)),
      );
    });
    asked.on('error', reject);
    asked.end();
  });
}
