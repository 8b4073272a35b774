import { createServer } from 'node:http';
import { type Listening, listen } from '../listening.ts';

/** A back-end that answers with the headers it got, as JSON. */
export interface Echo extends Listening {
  /** How many requests it got. */
  readonly count: () => number;
}

/**
 * Starts a back-end on a free port of loopback. A request may ask for an answer: header `x-echo-status` is its status,
 * `x-echo-delay` how many milliseconds it takes, `x-echo-fails` of how many requests with that `x-echo-key` the first
 * answers are 503. Its answer says which port it was asked at, from which, and for
 * which path.
 */
export async function startEcho(): Promise<Echo> {
  let count = 0;
  const failed = new Map<string, number>();
  // What Envoy lets through is let through here, and a connection that it keeps is never closed just as it asks again.
  const server = createServer({ maxHeaderSize: 262_144, keepAliveTimeout: 0 }, (request, response) => {
    count += 1;
    const asked = (name: string): number => Number(request.headers[name] ?? 0);
    const key = String(request.headers['x-echo-key']);
    const fails = (failed.get(key) ?? 0) < asked('x-echo-fails');
    if (fails) failed.set(key, (failed.get(key) ?? 0) + 1);
    request.resume().on('end', () => {
      setTimeout(() => {
        response.writeHead(fails ? 503 : asked('x-echo-status') || 200, {
          'x-echo-port': String(request.socket.localPort),
          'x-echo-from': String(request.socket.remotePort),
          'x-echo-path': request.url ?? '',
          'content-type': 'application/json',
        });
        response.end(JSON.stringify(request.headers));
      }, asked('x-echo-delay'));
    });
  });
  return { ...(await listen(server)), count: () => count };
}
