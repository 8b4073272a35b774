import { createServer, type ServerResponse } from 'node:http';

/** What the admin endpoint tells. */
export interface AdminSource {
  /** Why the controller is not ready; none when it is. */
  notReady(): readonly string[];
}

/**
 * Serves `/readyz` (200, or 503 with the reasons) and `/healthz` on an address of loopback. Resolves with a function that
 * stops serving; rejects when the address is taken.
 */
export async function serveAdmin(host: string, port: number, source: AdminSource): Promise<() => Promise<void>> {
  const server = createServer((request, response) => {
    switch (request.url) {
      case '/healthz':
        answer(response, 200, 'ok\n');
        return;
      case '/readyz': {
        const reasons = source.notReady();
        answer(response, reasons.length === 0 ? 200 : 503, reasons.length === 0 ? 'ok\n' : `${reasons.join('\n')}\n`);
        return;
      }
      default:
        answer(response, 404, 'not found; served are /readyz and /healthz\n');
    }
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
}

function answer(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(body);
}
