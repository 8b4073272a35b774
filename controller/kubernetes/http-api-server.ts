import type { Agent, ClientRequest, IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { ApiAnswer, ApiRequest, ApiServer, Query } from './api-server.ts';

/** How requests get through: proof of who asks, and connections that are kept. */
export interface Access {
  readonly headers: OutgoingHttpHeaders;
  readonly agent: Agent;
}

/** What speaks HTTP with an API server. */
export interface HttpApiServerOptions {
  /** Where it is: "https://10.96.0.1:443", with a path where it is behind one. */
  readonly url: string;
  /** Called for each request: credentials change while we run. */
  readonly access: () => Promise<Access>;
  readonly userAgent: string;
  /** The longest that an answer may take, in milliseconds. */
  readonly timeout?: number;
}

/** So large an answer is read at most: a page of objects is far smaller. Bytes. */
const LARGEST = 256 * 1024 * 1024;
/** Longer no answer can make anybody wait before the next try. Milliseconds. */
const LONGEST_RETRY_AFTER = 60_000;

const PARTIAL = 'g=meta.k8s.io;v=v1';

/** An API server that is spoken to with HTTP/1.1. */
export function httpApiServer(options: HttpApiServerOptions): ApiServer {
  const agents = new Set<Agent>();
  const send = async (
    request: Omit<ApiRequest, 'method'> & { readonly method: string },
    accept: string,
  ): Promise<IncomingMessage> => {
    const { headers, agent } = await options.access();
    agents.add(agent);
    const url = urlOf(options.url, request.path, request.query ?? {});
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    const { request: begin } = await import(url.protocol === 'https:' ? 'node:https' : 'node:http');
    return new Promise<IncomingMessage>((resolve, reject) => {
      const sent: ClientRequest = begin(
        url,
        {
          method: request.method,
          agent,
          headers: {
            ...headers,
            accept,
            'user-agent': options.userAgent,
            ...(body === undefined
              ? {}
              : { 'content-type': contentType(request), 'content-length': Buffer.byteLength(body) }),
          },
          ...(request.signal === undefined ? {} : { signal: request.signal }),
        },
        resolve,
      );
      sent.once('error', reject);
      sent.end(body);
    });
  };
  return {
    ask: async (request) => {
      const timeout = AbortSignal.timeout(options.timeout ?? 30_000);
      const signal = request.signal === undefined ? timeout : AbortSignal.any([request.signal, timeout]);
      const response = await send({ ...request, signal }, acceptOf(request.metadataOnly, request.method === 'GET'));
      return answerOf(response);
    },
    watch: async (request, onEvent) => {
      const { path, metadataOnly, signal } = request;
      const query = { ...request.query, watch: 'true' };
      const response = await send({ method: 'GET', path, query, signal }, acceptOf(metadataOnly, false));
      if (response.statusCode !== 200) return answerOf(response);
      await eachLine(response, (line) => onEvent(JSON.parse(line)));
      return { status: 200, body: undefined, retryAfter: undefined };
    },
    close: () => {
      for (const agent of agents) agent.destroy();
    },
  };
}

function urlOf(base: string, path: string, query: Query): URL {
  const url = new URL(`${base.replace(/\/+$/u, '')}${path}`);
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value);
  return url;
}

function contentType({ method, patch }: { readonly method: string; readonly patch?: string }): string {
  return method === 'PATCH' ? (patch ?? 'application/merge-patch+json') : 'application/json';
}

function acceptOf(metadataOnly: boolean | undefined, isList: boolean): string {
  if (metadataOnly !== true) return 'application/json';
  const kinds = isList ? ['PartialObjectMetadataList', 'PartialObjectMetadata'] : ['PartialObjectMetadata'];
  return kinds.map((kind) => `application/json;as=${kind};${PARTIAL}`).join(',');
}

async function answerOf(response: IncomingMessage): Promise<ApiAnswer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > LARGEST) throw new Error(`the answer is larger than ${LARGEST} bytes`);
    chunks.push(bytes);
  }
  const text = Buffer.concat(chunks).toString('utf8');
  const seconds = Number(response.headers['retry-after']);
  return {
    status: response.statusCode ?? 0,
    body: parse(text),
    retryAfter: Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1_000, LONGEST_RETRY_AFTER) : undefined,
  };
}

/** What is in front of an API server answers in words of its own. */
function parse(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return { message: text.slice(0, 200).trim() };
  }
}

/** Hands over whole lines as they come; the rest of a line that was cut is lost with its connection. */
async function eachLine(response: IncomingMessage, onLine: (line: string) => void): Promise<void> {
  response.setEncoding('utf8');
  let begun: string[] = [];
  for await (const chunk of response) {
    const [first = '', ...others] = String(chunk).split('\n');
    begun.push(first);
    for (const next of others) {
      const line = begun.join('');
      if (line !== '') onLine(line);
      begun = [next];
    }
  }
}
