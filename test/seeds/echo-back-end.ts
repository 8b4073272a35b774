import { createServer } from 'node:http';
import { type Listening, listen } from '../listening.ts';

/** A back-end that answers with its name, the path and the headers it got; `x-echo` marks its answers. */
export type EchoBackEnd = Listening;

/** Starts a back-end on a free port of loopback, or on a Unix socket. */
export function startEchoBackEnd(name: string, socket?: string): Promise<EchoBackEnd> {
  // A connection that a proxy keeps is never closed just as it asks again.
  const server = createServer({ keepAliveTimeout: 0 }, (request, response) => {
    request.resume();
    response.setHeader('x-echo', name);
    response.end(JSON.stringify({ backend: name, path: request.url, headers: request.headers }));
  });
  return listen(server, socket === undefined ? undefined : { path: socket });
}
