import { connect as http2Connect } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import type { Pair } from './authority.ts';

/** How a listener is spoken to. */
export interface Asked {
  readonly port: number;
  /** Server name (SNI). */
  readonly sni: string;
  readonly host?: string;
  readonly path?: string;
  readonly pair?: Pair | undefined;
  /** What the connection is made with besides. */
  readonly tls?: object;
}

/** What came of it. */
export interface Answered {
  readonly status: number | undefined;
  readonly body: string;
  readonly headers: NodeJS.Dict<string | string[]>;
}

/** Asks by HTTP/1.1; rejects when there is no connection. The server's certificate is not looked at. */
export function ask({ port, sni, host = sni, path = '/', pair, tls = {} }: Asked): Promise<Answered> {
  const shown = pair === undefined ? {} : { cert: pair.certificate, key: pair.key };
  const options = { host: '127.0.0.1', port, path, servername: sni, headers: { host }, rejectUnauthorized: false };
  return new Promise((resolve, reject) => {
    const request = httpsRequest({ ...options, ...shown, ...tls, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode: status, headers } = response;
        resolve({ status, headers, body: Buffer.concat(chunks).toString() });
      });
    });
    request.on('error', reject);
    request.end();
  });
}

/** The statuses of requests for several hosts on one HTTP/2 connection. */
export async function askTogether(port: number, sni: string, hosts: readonly string[]): Promise<readonly number[]> {
  const session = http2Connect(`https://127.0.0.1:${port}`, { servername: sni, rejectUnauthorized: false });
  const statuses: number[] = [];
  try {
    for (const host of hosts) {
      statuses.push(
        await new Promise<number>((resolve, reject) => {
          session.on('error', reject);
          const stream = session.request({ ':authority': host, ':path': '/' });
          stream.on('response', ({ ':status': status = 0 }) => resolve(status));
          stream.on('error', reject);
          stream.resume();
        }),
      );
    }
  } finally {
    session.close();
  }
  return statuses;
}
