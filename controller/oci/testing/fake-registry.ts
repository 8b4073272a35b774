/** A registry in this process, in memory, that can be made to misbehave. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { listen } from '#test/listening.ts';
import { digestOf } from '../image-module.ts';

/** Answers in the registry's stead; `undefined` leaves the request to the registry. */
export type Misbehave = (request: IncomingMessage, response: ServerResponse) => boolean;

/** A registry at work. */
export interface FakeRegistry {
  readonly url: URL;
  /** "127.0.0.1:<port>" */
  readonly host: string;
  /** Every request so far: "GET /v2/a/manifests/b". */
  readonly requests: readonly string[];
  /** Headers of every request so far. */
  readonly authorizations: readonly (string | undefined)[];
  /** Puts an image there: blobs, and its manifest under a tag and its digest. */
  put(
    repository: string,
    tag: string,
    image: { mediaType: string; manifest: Uint8Array; blobs: readonly Uint8Array[] },
  ): string;
  /** Takes the manifests of a repository away. */
  clear(repository: string): void;
  misbehave: Misbehave | undefined;
  /** What may ask: undefined is everybody; with "basic" the word is "<user>:<password>". */
  auth: { readonly kind: 'basic' | 'bearer'; readonly word: string; readonly repository?: string } | undefined;
  readonly stop: () => Promise<void>;
}

/** Starts one on a port of 127.0.0.1. */
export async function startFakeRegistry(): Promise<FakeRegistry> {
  const manifests = new Map<string, { readonly mediaType: string; readonly bytes: Uint8Array }>();
  const blobs = new Map<string, Uint8Array>();
  const requests: string[] = [];
  const authorizations: (string | undefined)[] = [];
  const { port, stop } = await listen(createServer((request, response) => void handle(request, response)));
  const registry: FakeRegistry = {
    url: new URL(`http://127.0.0.1:${port}`),
    host: `127.0.0.1:${port}`,
    requests,
    authorizations,
    misbehave: undefined,
    auth: undefined,
    put(repository, tag, { mediaType, manifest, blobs: layers }) {
      const digest = digestOf(manifest);
      for (const layer of layers) blobs.set(`${repository}/${digestOf(layer)}`, layer);
      for (const name of [tag, digest]) manifests.set(`${repository}/${name}`, { mediaType, bytes: manifest });
      return digest;
    },
    clear(repository) {
      for (const key of manifests.keys()) if (key.startsWith(`${repository}/`)) manifests.delete(key);
    },
    stop,
  };

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', registry.url);
    requests.push(`${request.method} ${url.pathname}`);
    authorizations.push(request.headers.authorization);
    if (registry.misbehave?.(request, response) === true) return;
    if (url.pathname === '/token') return giveToken(request, response, url);
    const {
      repository = '',
      kind = '',
      name = '',
    } = /^\/v2\/(?<repository>.+)\/(?<kind>manifests|blobs)\/(?<name>.*)$/u.exec(url.pathname)?.groups ?? {};
    if (!isAllowed(request, repository)) return challenge(response);
    const key = `${repository}/${name}`;
    if (kind === 'manifests' && request.method === 'PUT') {
      const bytes = new Uint8Array(await buffer(request));
      const digest = digestOf(bytes);
      const mediaType = request.headers['content-type'] ?? '';
      for (const one of [name, digest]) manifests.set(`${repository}/${one}`, { mediaType, bytes });
      response.writeHead(201, { 'docker-content-digest': digest }).end();
      return;
    }
    if (kind === 'manifests') {
      const found = manifests.get(key);
      if (found === undefined) return missing(response, 'MANIFEST_UNKNOWN');
      const headers = { 'content-type': found.mediaType, 'docker-content-digest': digestOf(found.bytes) };
      response.writeHead(200, headers).end(found.bytes);
      return;
    }
    if (request.method === 'POST') {
      response.writeHead(202, { location: `/v2/${repository}/blobs/uploads/one?state=x` }).end();
      return;
    }
    if (request.method === 'PUT') {
      const bytes = new Uint8Array(await buffer(request));
      const digest = url.searchParams.get('digest') ?? '';
      if (digestOf(bytes) !== digest) return void response.writeHead(400).end();
      blobs.set(`${repository}/${digest}`, bytes);
      response.writeHead(201).end();
      return;
    }
    const blob = blobs.get(key);
    if (blob === undefined) return missing(response, 'BLOB_UNKNOWN');
    response.writeHead(200, { 'content-length': blob.length }).end(request.method === 'HEAD' ? undefined : blob);
  }

  function isAllowed({ headers }: IncomingMessage, repository: string): boolean {
    const { auth } = registry;
    if (auth === undefined || (auth.repository !== undefined && auth.repository !== repository)) return true;
    const expected = auth.kind === 'basic' ? `Basic ${btoa(auth.word)}` : `Bearer token-of-${auth.word}`;
    return headers.authorization === expected;
  }

  function challenge(response: ServerResponse): void {
    const bearer = `Bearer realm="${registry.url.origin}/token",service="fake",scope="repository:a/b:pull"`;
    const header = registry.auth?.kind === 'bearer' ? bearer : 'Basic realm="fake"';
    response.writeHead(401, { 'www-authenticate': header }).end('{"errors":[{"code":"UNAUTHORIZED"}]}');
  }

  /** Whoever shows the password gets its token; who shows none gets one that nothing takes. */
  function giveToken({ headers }: IncomingMessage, response: ServerResponse, url: URL): void {
    const { word = '' } = registry.auth ?? {};
    const shown = headers.authorization;
    if (shown !== undefined && shown !== `Basic ${btoa(word)}`) return void response.writeHead(401).end();
    if (url.searchParams.get('service') !== 'fake') return void response.writeHead(400).end();
    response.end(JSON.stringify({ token: shown === undefined ? 'anonymous' : `token-of-${word}` }));
  }

  return registry;
}

function missing(response: ServerResponse, code: string): void {
  response.writeHead(404).end(JSON.stringify({ errors: [{ code, message: 'there is none' }] }));
}
