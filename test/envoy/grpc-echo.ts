import {
  Client,
  credentials,
  type handleBidiStreamingCall,
  type handleUnaryCall,
  Metadata,
  type MethodDefinition,
  Server,
  type ServiceError,
  status,
} from '@grpc/grpc-js';
import type { Listening } from '../listening.ts';
import { serveGrpc } from './grpc-server.ts';

/** What a call came to. */
export interface CallAnswer {
  readonly code: status;
  /** The message that came back: what was sent, behind the name of the server. */
  readonly text: string;
  /** The metadata that came back before any message. */
  readonly headers: Readonly<Record<string, string>>;
  /** The metadata that the server got, as far as it is known. */
  readonly upstream: Readonly<Record<string, string>>;
}

/** A gRPC server that answers every call with what it got. */
export interface GrpcEcho extends Listening {
  /** How many calls it got. */
  readonly count: () => number;
}

type Definition = MethodDefinition<string, string>;

function definition(path: string, streams: boolean): Definition {
  const serialize = (text: string) => Buffer.from(text);
  const deserialize = (bytes: Buffer) => bytes.toString();
  return {
    path,
    requestStream: streams,
    responseStream: streams,
    requestSerialize: serialize,
    requestDeserialize: deserialize,
    responseSerialize: serialize,
    responseDeserialize: deserialize,
  };
}

/** Starts one with these methods, "/<service>/<method>"; those in `streaming` take and give any number of messages. */
export async function startGrpcEcho(
  name: string,
  methods: readonly string[],
  streaming: readonly string[] = [],
): Promise<GrpcEcho> {
  let count = 0;
  const server = new Server();
  const unary: handleUnaryCall<string, string> = (got, callback) => {
    count += 1;
    const headers = new Metadata();
    headers.set('x-got', JSON.stringify(got.metadata.getMap()));
    got.sendMetadata(headers);
    callback(null, `${name}: ${got.request}`);
  };
  const stream: handleBidiStreamingCall<string, string> = (duplex) => {
    count += 1;
    duplex.on('data', (text: string) => duplex.write(`${name}: ${text}`));
    duplex.on('end', () => duplex.end());
  };
  const offered: readonly (readonly [path: string, streams: boolean])[] = [
    ...methods.map((path) => [path, false] as const),
    ...streaming.map((path) => [path, true] as const),
  ];
  server.addService(
    Object.fromEntries(offered.map(([path, streams]) => [path, definition(path, streams)])),
    Object.fromEntries(offered.map(([path, streams]) => [path, streams ? stream : unary])),
  );
  return { ...(await serveGrpc(server)), count: () => count };
}

/** Calls a method at a port of loopback, for a host. */
export async function call(
  port: number,
  path: string,
  metadata: Readonly<Record<string, string>> = {},
  authority = `127.0.0.1:${port}`,
): Promise<CallAnswer> {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), { 'grpc.default_authority': authority });
  const sent = new Metadata();
  for (const [key, value] of Object.entries(metadata)) sent.set(key, value);
  const { requestSerialize, responseDeserialize } = definition(path, false);
  const headers: Record<string, string> = {};
  try {
    return await new Promise((resolve) => {
      const answer = (error: ServiceError | null, text: string | undefined): void =>
        resolve({
          code: error?.code ?? status.OK,
          text: text ?? '',
          headers,
          upstream: parsed(headers['x-got']),
        });
      client
        .makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          'hello',
          sent,
          { deadline: Date.now() + 60_000 },
          answer,
        )
        .on('metadata', (got) => {
          for (const [key, value] of Object.entries(got.getMap())) headers[key] = String(value);
        });
    });
  } finally {
    client.close();
  }
}

/** Where a call goes. */
export interface CallTarget {
  /** Also the server name of TLS. */
  readonly host?: string;
  /** Whether it goes over TLS; the certificate is not checked. */
  readonly tls?: boolean;
}

/** What a stream came to. */
export interface Conversation {
  readonly answers: readonly string[];
  readonly code: status;
}

/** Opens a stream, sends messages one by one, each when the one before is answered, and gives what came back. */
export async function converse(
  port: number,
  path: string,
  messages: readonly string[],
  { host, tls = false }: CallTarget = {},
): Promise<Conversation> {
  const security = tls
    ? credentials.createSsl(null, null, null, { rejectUnauthorized: false })
    : credentials.createInsecure();
  const named = host === undefined ? {} : { 'grpc.default_authority': host, 'grpc.ssl_target_name_override': host };
  const client = new Client(`127.0.0.1:${port}`, security, named);
  const { requestSerialize, responseDeserialize } = definition(path, true);
  const answers: string[] = [];
  try {
    return await new Promise((resolve) => {
      const stream = client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, new Metadata());
      stream.on('error', ({ code }: ServiceError) => resolve({ answers, code }));
      stream.on('end', () => resolve({ answers, code: status.OK }));
      stream.on('data', (text: string) => {
        answers.push(text);
        const next = messages[answers.length];
        if (next === undefined) stream.end();
        else stream.write(next);
      });
      stream.write(messages[0] ?? '');
    });
  } finally {
    client.close();
  }
}

function parsed(text: string | undefined): Readonly<Record<string, string>> {
  const value: unknown = JSON.parse(text ?? '{}');
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, String(one)]))
    : {};
}
