import { createServer } from 'node:http';

/** Headers that say nothing worth reading. */
const DULL: ReadonlySet<string> = new Set([
  'x-request-id',
  'x-forwarded-proto',
  'x-forwarded-for',
  'user-agent',
  'accept',
]);

/** Starts a back-end on loopback that answers with what it was asked. Resolves with a function that stops it. */
export async function startEcho(port: number): Promise<() => Promise<void>> {
  const server = createServer((request, response) => {
    request.resume();
    const headers = Object.entries(request.headers)
      .filter(([name]) => !DULL.has(name) && name !== 'authorization')
      .map(([name, value]) => `${name}: ${String(value)}\n`);
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.end(`${request.method} ${request.url}\n${headers.join('')}`);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return async () => {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  };
}
