/** Every mode in which Envoy hands requests to a user's processor, and every way in which a processor fails. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOT } from '#deploy/setup/node24.mjs';
import { type Listening, listen } from '../listening.ts';
import { type SingleProxy, singleProxy } from './single-proxy.ts';
import { until } from './sluice.ts';

const folder = mkdtempSync(join(tmpdir(), 'sl-'));
const socket = join(folder, 'extproc.sock');
const config = join(ROOT, 'test/process/testdata/processors/processors.yaml');
let host: ChildProcess;
let single: SingleProxy;
let backEnd: Listening;

beforeAll(async () => {
  single = await singleProxy();
  backEnd = await listen(createServer().on('stream', (stream, headers) => void echo(stream, headers)));
  host = startHost();
  single.serve(
    backend('back-end', `ip: { address: 127.0.0.1, port: ${backEnd.port} }`, 'gateway.envoyproxy.io/h2c') +
      backend('processors', `unix: { path: ${socket} }`) +
      processed('plain', undefined) +
      processed('streamed', 'processingMode: { request: { body: Streamed }, response: { body: Streamed } }') +
      processed(
        'partial',
        'processingMode: { request: { body: BufferedPartial }, response: { body: BufferedPartial } }',
      ) +
      processed(
        'duplex',
        'processingMode: { request: { body: FullDuplexStreamed }, response: { body: FullDuplexStreamed } }',
      ) +
      processed('override', 'processingMode: { allowModeOverride: true, request: {}, response: {} }') +
      processed(
        'told',
        `processingMode: { request: {}, response: { attributes: [request.path, xds.route_name] } }
      metadata: { accessibleNamespaces: [demo.notes, sluice.policy], writableNamespaces: [demo.notes] }`,
      ) +
      processed('onlooker', 'shadowMode: true\nprocessingMode: { request: {} }') +
      processed('fails', 'processingMode: { request: {} }') +
      processed('fails-with', 'statusOnError: 503\nprocessingMode: { request: {} }') +
      processed('fails-open', 'failOpen: true\nprocessingMode: { request: {} }'),
  );
  await until('the host answers', async () => (await ask('/fails', '')).status === 200);
});

afterAll(async () => {
  host.kill('SIGKILL');
  await single.destroy();
  await backEnd.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe('a body', () => {
  it.each(['streamed', 'partial'])('is changed piece by piece, both ways (%s)', async (mode) => {
    const { status, headers, body } = await ask(`/${mode}`, 'shout');
    expect({ status, body }).toEqual({ status: 200, body: 'SHOUT' });
    expect(headers['x-body']).toBe('SHOUT');
  });

  it('of many pieces comes whole, however large', async () => {
    const large = 'abcdefgh'.repeat(512 * 1024);
    for (const path of ['/streamed', '/duplex']) {
      const { status, body } = await ask(path, large);
      expect(status).toBe(200);
      expect(body.length).toBe(path === '/duplex' ? large.length / 2 : large.length);
    }
  });

  it('and its trailers pass through in full duplex', async () => {
    const { body, headers, trailers } = await ask('/duplex', 'aabbcc', { trailers: { 'x-sum': '6' } });
    expect(body).toBe('abc');
    expect(headers['x-trailers']).toContain('"x-bytes":"6"');
    expect(trailers['x-seen']).toBe('6');
  });
});

describe('the answer to the headers', () => {
  it('chooses what of the rest is sent', async () => {
    expect(await ask('/override', 'body', { headers: { 'x-check': 'yes' } })).toMatchObject({
      status: 200,
      body: '4 bytes',
      headers: expect.not.objectContaining({ 'x-response': 'seen' }),
    });
    expect(await ask('/override', 'x', { headers: { 'x-check': 'yes' } })).toMatchObject({ status: 422 });
    expect(await ask('/override', 'x')).toMatchObject({ status: 200, body: 'x', headers: { 'x-response': 'seen' } });
  });
});

describe('a processor is told', () => {
  it('the attributes and the metadata that its policy names, and writes no namespace of ours', async () => {
    const { headers } = await ask('/told', '');
    expect(headers['x-attributes']).toContain('"request.path":"/told"');
    expect(headers['x-attributes']).toContain('"xds.route_name":"httproute/default/told');
    expect(headers['x-metadata']).toBe('{"demo.notes":{"user":"ada"}}');
  });
});

describe('a processor that only looks on', () => {
  it.each(['throw', 'reject', 'hang'])('touches no request when it fails (%s)', async (how) => {
    expect((await ask('/onlooker', '', { headers: { 'x-fail': how } })).status).toBe(200);
  });
});

describe('a processor that fails', () => {
  it.each([
    ['throw', '/fails', 500],
    ['reject', '/fails', 500],
    ['hang', '/fails', 504],
    ['throw', '/fails-with', 503],
    ['throw', '/fails-open', 200],
    ['hang', '/fails-open', 200],
    ['later', '/fails', 200],
  ])('(%s) gives %s %s, and the next request is served', async (how, path, status) => {
    expect((await ask(path, '', { headers: { 'x-fail': how } })).status).toBe(status);
    expect((await ask(path, '')).status).toBe(200);
    expect(host.exitCode).toBeNull();
  });

  it('by ending its process closes its routes, or opens those that say so, and no other, until it is back', async () => {
    expect((await ask('/fails', '', { headers: { 'x-fail': 'exit' } })).status).toBe(500);
    await until('the host is gone', () => host.exitCode !== null);
    expect((await ask('/fails', '')).status).toBe(500);
    expect((await ask('/fails-open', '')).status).toBe(200);
    expect((await ask('/plain', '')).status).toBe(200);
    host = startHost();
    await until('the host is back', async () => (await ask('/fails', '')).status === 200);
  });

  it('by standing still does so as well, and goes on where it stood', async () => {
    host.kill('SIGSTOP');
    expect((await ask('/fails', '')).status).toBe(504);
    expect((await ask('/fails-open', '')).status).toBe(200);
    expect((await ask('/plain', '')).status).toBe(200);
    host.kill('SIGCONT');
    await until('the host is back', async () => (await ask('/fails', '')).status === 200);
  });
});

function startHost(): ChildProcess {
  const args = [join(ROOT, 'extproc/main.ts'), 'processors', '--socket', socket, config];
  return spawn(process.execPath, args, { cwd: ROOT, stdio: 'ignore' });
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly trailers: IncomingHttpHeaders;
}

interface Extras {
  readonly headers?: Readonly<Record<string, string>>;
  readonly trailers?: Readonly<Record<string, string>>;
}

/** Sends a request through the proxy, over HTTP/2. */
async function ask(path: string, body: string, { headers = {}, trailers = {} }: Extras = {}): Promise<Answer> {
  const session = connect(`http://127.0.0.1:${single.port}`);
  const refused = new Promise<Answer>((resolve) => {
    session.once('error', () => resolve({ status: undefined, headers: {}, body: '', trailers: {} }));
  });
  const hasTrailers = Object.keys(trailers).length > 0;
  const stream = session.request(
    { ':method': body === '' ? 'GET' : 'POST', ':path': path, ...headers },
    { endStream: body === '', waitForTrailers: hasTrailers },
  );
  stream.on('error', () => undefined);
  stream.on('wantTrailers', () => stream.sendTrailers({ ...trailers }));
  if (body !== '') stream.end(body);
  let status: number | undefined;
  let answered: IncomingHttpHeaders = {};
  let last: IncomingHttpHeaders = {};
  const chunks: Buffer[] = [];
  stream.on('response', (received) => {
    status = received[':status'];
    answered = received;
  });
  stream.on('trailers', (received) => (last = received));
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  const closed = new Promise<Answer>((resolve) => {
    stream.once('close', () =>
      resolve({ status, headers: answered, body: Buffer.concat(chunks).toString('latin1'), trailers: last }),
    );
  });
  const answer = await Promise.race([closed, refused]);
  session.destroy();
  return answer;
}

/** Answers with the body of the request, its trailers, and short bodies in a header too. */
async function echo(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Promise<void> {
  stream.on('error', () => undefined);
  let trailers: IncomingHttpHeaders = {};
  stream.on('trailers', (received) => (trailers = received));
  const chunks: Buffer[] = [];
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(stream, 'end');
  const body = Buffer.concat(chunks);
  const summary = body.length < 100 ? body.toString('latin1') : `${body.length} bytes`;
  stream.respond(
    { ':status': 200, 'x-body': summary, 'x-trailers': JSON.stringify(trailers), 'x-checked': headers['x-checked'] },
    { waitForTrailers: trailers['x-sum'] !== undefined },
  );
  stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': trailers['x-sum'] }));
  stream.end(body);
}

function backend(name: string, endpoint: string, protocol?: string): string {
  return `---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: Backend
metadata: { name: ${name} }
spec:
  ${protocol === undefined ? '' : `appProtocols: [${protocol}]`}
  endpoints: [{ ${endpoint} }]
`;
}

/** A route from "/<name>", and a policy of that name that sends it to the processors. */
function processed(name: string, extProc: string | undefined): string {
  return `---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${name} }
spec:
  parentRefs: [{ name: shop }]
  rules:
    - matches: [{ path: { value: /${name} } }]
      backendRefs: [{ group: gateway.envoyproxy.io, kind: Backend, name: back-end }]
${
  extProc === undefined
    ? ''
    : `---
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: EnvoyExtensionPolicy
metadata: { name: ${name} }
spec:
  targetRefs: [{ group: gateway.networking.k8s.io, kind: HTTPRoute, name: ${name} }]
  extProc:
    - backendRefs: [{ group: gateway.envoyproxy.io, kind: Backend, name: processors }]
      messageTimeout: 3s
${extProc
  .split('\n')
  .map((line) => `      ${line.trim()}\n`)
  .join('')}`
}`;
}
