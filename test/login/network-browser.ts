import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { CookieJar } from '#extproc/testing/cookie-jar.ts';

/** What a browser got. */
export interface NetworkPage {
  readonly url: string;
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
  readonly setCookies: readonly string[];
}

/** Where a host is: a port of this machine, and whether it speaks TLS, whatever the URL says. */
export interface Place {
  readonly port: number;
  readonly tls: boolean;
}

/** A browser without windows: it keeps cookies, and follows redirects when it browses. */
export class NetworkBrowser {
  readonly jar = new CookieJar();
  readonly #hosts: ReadonlyMap<string, Place>;

  /** Hosts that are in `hosts` are on this machine. */
  constructor(hosts: ReadonlyMap<string, Place> = new Map()) {
    this.#hosts = hosts;
  }

  /** Asks once. */
  async visit(url: string, headers: Readonly<Record<string, string>> = {}): Promise<NetworkPage> {
    const target = new URL(url);
    const cookie = this.jar.header(target);
    const sent = { ...(cookie === undefined ? {} : { cookie }), ...headers };
    const { response, body } = await send(target, sent, this.#hosts.get(target.host));
    const setCookies = response.headers['set-cookie'] ?? [];
    this.jar.take(target.host, setCookies);
    return { url, status: response.statusCode ?? 0, location: response.headers.location, body, setCookies };
  }

  /** Asks, and follows redirects. */
  async browse(url: string, headers?: Readonly<Record<string, string>>): Promise<NetworkPage> {
    let page = await this.visit(url, headers);
    for (let hops = 0; page.location !== undefined && hops < 12; hops += 1) {
      page = await this.visit(new URL(page.location, page.url).href, headers);
    }
    return page;
  }
}

/** Headers as large as browsers take them. */
const LARGEST_HEADERS = 262_144;

function send(
  url: URL,
  headers: Readonly<Record<string, string>>,
  place: Place | undefined,
): Promise<{ readonly response: IncomingMessage; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const options = {
      headers: { host: url.host, ...headers },
      host: place === undefined ? url.hostname : '127.0.0.1',
      port: place?.port ?? url.port,
      path: url.pathname + url.search,
      agent: false,
      rejectUnauthorized: false,
      maxHeaderSize: LARGEST_HEADERS,
      signal: AbortSignal.timeout(20_000),
    } as const;
    const ask = place?.tls === true ? httpsRequest : httpRequest;
    const request = ask(options, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ response, body: Buffer.concat(chunks).toString() }));
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end();
  });
}

/** The headers that an echoing back-end got. */
export function upstreamHeaders({ body }: NetworkPage): ReadonlyMap<string, string> {
  const parsed: unknown = JSON.parse(body);
  return new Map(
    Object.entries(typeof parsed === 'object' && parsed !== null ? parsed : {}).map(([name, value]) => [
      name,
      String(value),
    ]),
  );
}
