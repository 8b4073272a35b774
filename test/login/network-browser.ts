import { type IncomingMessage, request as httpRequest } from 'node:http';
import { CookieJar } from '#extproc/testing/cookie-jar.ts';

/** What a browser got. */
export interface NetworkPage {
  readonly url: string;
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
  readonly setCookies: readonly string[];
}

/** A browser without windows: it keeps cookies, and follows redirects when it browses. */
export class NetworkBrowser {
  readonly jar = new CookieJar();

  /** Asks once. */
  async visit(url: string, headers: Readonly<Record<string, string>> = {}): Promise<NetworkPage> {
    const target = new URL(url);
    const cookie = this.jar.header(target);
    const { response, body } = await send(target, { ...(cookie === undefined ? {} : { cookie }), ...headers });
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
): Promise<{ readonly response: IncomingMessage; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const options = { headers, agent: false, maxHeaderSize: LARGEST_HEADERS, signal: AbortSignal.timeout(20_000) };
    const request = httpRequest(url, options, (response) => {
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
