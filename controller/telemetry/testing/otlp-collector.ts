/** A collector of OpenTelemetry for tests: OTLP over gRPC (HTTP/2) or HTTP, read by the numbers of opentelemetry-proto 1.x. */
import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createHttp2, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Readable } from 'node:stream';
import protobuf from 'protobufjs';

const SCHEMA = `syntax = "proto3";
message Metrics { repeated ResourceMetrics resource = 1; }
message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope = 2; }
message Resource { repeated KeyValue attributes = 1; }
message ScopeMetrics { repeated Metric metrics = 2; }
message Metric { string name = 1; string description = 2; Gauge gauge = 5; Sum sum = 7; Histogram histogram = 9; }
message Gauge { repeated Point points = 1; }
message Sum { repeated Point points = 1; int32 temporality = 2; bool monotonic = 3; }
message Point { fixed64 start = 2; fixed64 time = 3; double value = 4; repeated KeyValue attributes = 7; }
message Histogram { repeated HistogramPoint points = 1; int32 temporality = 2; }
message HistogramPoint { fixed64 count = 4; double sum = 5; repeated fixed64 counts = 6; repeated double bounds = 7; repeated KeyValue attributes = 9; }
message KeyValue { string key = 1; Value value = 2; }
message Value { string text = 1; int64 number = 3; double double = 4; }
message Traces { repeated ResourceSpans resource = 1; }
message ResourceSpans { repeated ScopeSpans scope = 2; }
message ScopeSpans { repeated Span spans = 2; }
message Span { string name = 5; fixed64 start = 7; fixed64 end = 8; repeated KeyValue attributes = 9; Status status = 15; }
message Status { int32 code = 3; }`;

/** What a collector was sent: requests by what they are, as plain objects of the schema above. */
export interface Collected {
  readonly port: number;
  readonly metrics: { readonly [field: string]: unknown }[];
  readonly spans: { readonly [field: string]: unknown }[];
  /** Ends every connection at once from now on, or no more. */
  goAway(now: boolean): void;
  stop(): Promise<void>;
}

/** Starts one on a free port of loopback. */
export async function startCollector(protocol: 'grpc' | 'http'): Promise<Collected> {
  const { root } = protobuf.parse(SCHEMA, { keepCase: true });
  const metrics: { readonly [field: string]: unknown }[] = [];
  const spans: { readonly [field: string]: unknown }[] = [];
  const take = (path: string, message: Uint8Array): void => {
    const isMetrics = path.endsWith('/v1/metrics') || path.endsWith('MetricsService/Export');
    const type = root.lookupType(isMetrics ? 'Metrics' : 'Traces');
    (isMetrics ? metrics : spans).push(type.toObject(type.decode(message), { longs: Number }));
  };
  const overHttp = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    take(request.url ?? '', await whole(request));
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  };
  const overGrpc = async (stream: ServerHttp2Stream, path: string): Promise<void> => {
    // Behind the flag of compression and the length (gRPC over HTTP/2, "Length-Prefixed-Message").
    take(path, (await whole(stream)).subarray(5));
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    stream.end(Buffer.alloc(5));
  };
  const server: Server =
    protocol === 'http'
      ? createHttp((request, response) => void overHttp(request, response))
      : createHttp2().on('stream', (stream, headers) => void overGrpc(stream, headers[':path'] ?? ''));
  const sockets = new Set<Socket>();
  let isAway = false;
  server.on('connection', (socket: Socket) => {
    if (isAway) socket.destroy();
    else sockets.add(socket);
  });
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: portOf(server.address()),
    metrics,
    spans,
    goAway: (now) => {
      isAway = now;
      if (now) cut();
    },
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      cut();
      await closed;
    },
  };
}

function portOf(address: AddressInfo | string | null): number {
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function whole(stream: Readable): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(Buffer.from(part));
  return Buffer.concat(parts);
}
