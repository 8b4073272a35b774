import { createServer } from 'node:http';

/** A back-end on loopback that answers with its name, the path and the headers it got; `x-echo` marks its answers. */
export interface EchoBackEnd {
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts a back-end on a port that the system chooses, or on a Unix socket. */
export async function startEchoBackEnd(name: string, socket?: string): Promise<EchoBackEnd> {
  // A connection that a proxy keeps is never closed just as it asks again.
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    request.resume();
    response.setHeader('x-echo', name);
    response.end(JSON.stringify({ backend: name, path: request.url, headers: request.headers }));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    if (socket === undefined) server.listen(0, '127.0.0.1', resolve);
    else server.listen(socket, resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    stop: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
