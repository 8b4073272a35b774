import { type IncomingHttpHeaders, request as httpRequest } from 'node:http';
import type { ScenarioRequest } from './scenario.ts';

/** What came back: the status, and the headers that the back-end got, empty when it got nothing. */
export interface Answer {
  readonly status: number;
  readonly upstream: Readonly<Record<string, string>>;
  /** The headers that the client got, where they are known. */
  readonly response?: Readonly<Record<string, string>>;
  /** The body, where it is known. */
  readonly body?: string;
}

/** Sends a request as it is written, its path not normalised, to a listener on loopback. */
export function ask(port: number, { method, path, headers, from }: ScenarioRequest): Promise<Answer> {
  const to = { host: '127.0.0.1', port, localAddress: from, agent: false } as const;
  const hasHost = headers.some(([name]) => name.toLowerCase() === 'host');
  const lines = [...(hasHost ? [] : ['host', `127.0.0.1:${port}`]), ...headers.flat()];
  return new Promise((resolve, reject) => {
    const request = httpRequest({ ...to, method, path, headers: lines }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({
          status: response.statusCode ?? 0,
          upstream: response.headers['x-echo-port'] === undefined ? {} : headersOf(text),
          response: flat(response.headers),
          body: text,
        });
      });
    });
    request.on('error', reject);
    request.end();
  });
}

function headersOf(text: string): Readonly<Record<string, string>> {
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== 'object' || parsed === null) return {};
  return Object.fromEntries(Object.entries(parsed).map(([name, value]) => [name, String(value)]));
}

function flat(headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}
