import { request as plain, type IncomingMessage } from 'node:http';
import { request as secure } from 'node:https';

/** A request to a listener on loopback. */
export interface SeedRequest {
  readonly port: number;
  readonly host: string;
  readonly path?: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether it goes over TLS, its server name the host; the certificate is not checked. */
  readonly tls?: boolean;
}

/** An answer: what the back-end says of itself and of the request, where there was one. */
export interface SeedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Name of the back-end that answered. */
  readonly backend: string | undefined;
  /** The path as the back-end got it. */
  readonly path: string | undefined;
  /** The headers as the back-end got them. */
  readonly upstream: Readonly<Record<string, string>>;
}

/** Sends a request; rejects when there is no answer. */
export function send({ port, host, path = '/', method = 'GET', headers = {}, tls }: SeedRequest): Promise<SeedAnswer> {
  const options = {
    host: '127.0.0.1',
    port,
    path,
    method,
    headers: { host, ...headers },
    agent: false,
    ...(tls === true ? { servername: host, rejectUnauthorized: false } : {}),
  };
  return new Promise((resolve, reject) => {
    const sent = (tls === true ? secure : plain)(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve(answerOf(response, Buffer.concat(chunks).toString())));
    });
    sent.on('error', reject);
    sent.end();
  });
}

function answerOf(response: IncomingMessage, text: string): SeedAnswer {
  const echoed: unknown = response.headers['x-echo'] === undefined ? {} : JSON.parse(text);
  const { backend, path, headers } = isRecord(echoed) ? echoed : {};
  return {
    status: response.statusCode ?? 0,
    headers: strings(response.headers),
    backend: typeof backend === 'string' ? backend : undefined,
    path: typeof path === 'string' ? path : undefined,
    upstream: strings(headers),
  };
}

function strings(value: unknown): Readonly<Record<string, string>> {
  if (!isRecord(value)) return {};
  return Object.fromEntries(Object.entries(value).map(([name, found]) => [name, String(found)]));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
