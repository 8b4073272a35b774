import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * The ports that are given out: below those that Linux gives to connections and to servers that take any
 * (net.ipv4.ip_local_port_range, from 32768 on), and none that a test or an example has for good. Whoever binds one a while
 * after it was chosen finds it free.
 */
const FIRST = 26_000;
const COUNT = 4_000;

/** Where this process goes on: tests that run beside each other begin elsewhere. */
let next = Math.floor(Math.random() * COUNT);

/** A port that nobody has just now, and that this process has not been given before. */
export async function freePort(): Promise<number> {
  for (let tried = 0; tried < COUNT; tried += 1) {
    const port = FIRST + (next++ % COUNT);
    if (await isFree(port)) return port;
  }
  throw new Error(`none of the ports from ${FIRST} to ${FIRST + COUNT - 1} is free`);
}

/** Whether a port can be bound on every address. */
async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const bound = new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '0.0.0.0', () => resolve(true));
  });
  if (!(await bound)) return false;
  server.close();
  await once(server, 'close');
  return true;
}
