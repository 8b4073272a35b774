/** Processors that are no host of ours, and say what nobody has asked for. */
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { Server, type ServerDuplexStream } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rawMethod } from '#extproc/grpc/raw-method.ts';
import { schema } from '#proto/load.ts';
import type { Listening } from '../listening.ts';
import { serveGrpc } from './grpc-server.ts';
import { backend, manifest, route, type RouteSite, startRouteSite, to } from './route-site.ts';

const REQUEST = schema('envoy.service.ext_proc.v3.ProcessingRequest');
const RESPONSE = schema('envoy.service.ext_proc.v3.ProcessingResponse');

/** What is answered to the headers of a request, by the path that is asked for. */
const ANSWERS: { readonly [path: string]: readonly Uint8Array[] } = {
  '/right': [answer('requestHeaders')],
  '/other': [answer('responseHeaders')],
  '/body': [answer('requestBody')],
  '/twice': [answer('requestHeaders'), answer('requestHeaders')],
  '/noise': [Uint8Array.of(0xff, 0xff, 0xff)],
};

function answer(phase: 'requestHeaders' | 'responseHeaders' | 'requestBody'): Uint8Array {
  return toBinary(RESPONSE, create(RESPONSE, { response: { case: phase, value: {} } }));
}

let site: RouteSite;
let processor: Listening;
beforeAll(async () => {
  site = await startRouteSite();
  const server = new Server();
  server.addService(
    { process: rawMethod('/envoy.service.ext_proc.v3.ExternalProcessor/Process', 'bidi') },
    {
      process: (stream: ServerDuplexStream<Buffer, Buffer>) => {
        stream.on('data', (bytes: Buffer) => {
          const { request } = fromBinary(REQUEST, bytes);
          const headers = request.case === 'requestHeaders' ? (request.value.headers?.headers ?? []) : [];
          const path = headers.find(({ key }) => key === ':path');
          const asked = path === undefined ? '' : path.value || Buffer.from(path.rawValue).toString();
          for (const one of ANSWERS[asked.replace(/^\/(?:open|closed)/u, '')] ?? []) stream.write(Buffer.from(one));
        });
        stream.on('error', () => undefined);
        stream.on('end', () => stream.end());
      },
    },
  );
  processor = await serveGrpc(server);
  const processed = (name: string, failOpen: boolean): readonly object[] => [
    route([{ matches: [{ path: { value: `/${name}` } }], backendRefs: [to('echo')] }], 'HTTPRoute', name),
    manifest('EnvoyExtensionPolicy', name, {
      targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name }],
      extProc: [{ backendRefs: [to('processor')], failOpen, messageTimeout: '5s', processingMode: { request: {} } }],
    }),
  ];
  const backends = [backend('echo', [site.echo.port]), backend('processor', [processor.port])];
  await site.serve(...processed('closed', false), ...processed('open', true), ...backends);
});
afterAll(async () => {
  await site.stop();
  await processor.stop();
});

describe('a processor', () => {
  it('that answers what it was asked lets requests pass', async () => {
    expect((await site.get('/closed/right')).status).toBe(200);
    expect((await site.get('/open/right')).status).toBe(200);
  });

  it.each(['other', 'body', 'noise'])(
    'that answers out of order, or noise, fails its request, by its failOpen, and no other (%s)',
    async (how) => {
      const before = site.echo.count();
      expect((await site.get(`/closed/${how}`)).status).toBe(500);
      expect(site.echo.count()).toBe(before);
      expect((await site.get(`/open/${how}`)).status).toBe(200);
      expect((await site.get('/closed/right')).status).toBe(200);
    },
  );

  it('that answers twice breaks nothing', async () => {
    expect([200, 500]).toContain((await site.get('/closed/twice')).status);
    expect((await site.get('/closed/right')).status).toBe(200);
  });
});
