import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { ServerCredentials, type ServerInterceptor, status } from '@grpc/grpc-js';
import { MessageStream } from './message-stream.ts';
import { rawMethod } from './raw-method.ts';
import { type Claim, claimSocketPath, openToGroup } from './socket-path.ts';
import { trustingServer } from './trusting-server.ts';

/** What comes of a request. */
export type Reply =
  | { readonly kind: 'answer'; readonly message: Uint8Array }
  | { readonly kind: 'failure'; readonly code: status; readonly details: string };

/** What a server does when a method is called: answers its one message, or opens a stream of them. */
export type Method =
  | { readonly kind: 'unary'; readonly answer: (request: Buffer) => Reply | Promise<Reply> }
  | { readonly kind: 'stream'; readonly open: (stream: MessageStream) => void };

/** The methods of a gRPC service, by their paths "/<package>.<service>/<method>". */
export type GrpcService = Readonly<Record<string, Method>>;

/** A server that listens. */
export interface UnixServer {
  /** Accepts nothing new, lets streams finish for so many milliseconds, then cuts them. The socket is gone afterwards. */
  drain(deadline: number): Promise<'drained' | 'cut'>;
}

/** A server, or why there is none. */
export type Listening =
  | { readonly kind: 'listening'; readonly server: UnixServer }
  | Exclude<Claim, { readonly kind: 'free' }>;

/**
 * Largest message that is taken, in bytes. A message holds at most what Envoy buffers of a body, which is 1 MiB unless
 * a policy raises `bufferLimit`; gRPC's usual 4 MiB would fail streams that Envoy accepts, and without a limit one stream
 * could take all memory.
 */
const MAX_MESSAGE_SIZE = 16 * 1024 * 1024;

/** Serves gRPC on a Unix socket (mode 0660). A stale socket at the path is removed, a live one refuses. */
export async function listenOnSocket(path: string, services: readonly GrpcService[]): Promise<Listening> {
  const claim = await claimSocketPath(path);
  if (claim.kind !== 'free') return claim;
  const methods = new Map(services.flatMap((service) => Object.entries(service)));
  const grpc = trustingServer({
    'grpc.max_receive_message_length': MAX_MESSAGE_SIZE,
    // Its accounts of every call and message, which nobody asks for.
    'grpc.enable_channelz': 0,
    interceptors: [intercept(methods)],
  });
  // What a method does is the interceptor's; grpc-js has to know that it is there.
  for (const method of methods.keys()) grpc.addService({ [method]: rawMethod(method, 'bidi') }, {});
  const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure());
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    injector.injectConnection(socket);
  });
  server.listen(path);
  await once(server, 'listening');
  await openToGroup(path);
  const drain = async (deadline: number): Promise<'drained' | 'cut'> => {
    // Closing the listener removes its socket.
    const ended = new Promise<'drained'>((resolve) => server.close(() => resolve('drained')));
    injector.drain(deadline);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'cut'>((resolve) => (timer = setTimeout(() => resolve('cut'), deadline)));
    const outcome = await Promise.race([ended, late]);
    clearTimeout(timer);
    for (const socket of sockets) socket.destroy();
    return outcome;
  };
  return { kind: 'listening', server: { drain } };
}

function intercept(methods: ReadonlyMap<string, Method>): ServerInterceptor {
  return ({ path }, call) => new MessageStream(call, (stream) => serve(methods.get(path), stream));
}

function serve(method: Method | undefined, stream: MessageStream): void {
  if (method === undefined) stream.fail(status.UNIMPLEMENTED, 'there is no such method');
  else if (method.kind === 'stream') method.open(stream);
  else answerOne(stream, method.answer);
}

function answerOne(stream: MessageStream, answer: (request: Buffer) => Reply | Promise<Reply>): void {
  let request: Buffer | undefined;
  stream.take({
    message: (bytes) => (request = bytes),
    end: () => {
      if (request === undefined) stream.fail(status.INTERNAL, 'a call has no message');
      else void Promise.resolve(answer(request)).then((reply) => finish(stream, reply));
    },
    gone: () => undefined,
  });
}

function finish(stream: MessageStream, reply: Reply): void {
  if (reply.kind === 'failure') stream.fail(reply.code, reply.details);
  else {
    stream.send(reply.message);
    stream.end();
  }
}
