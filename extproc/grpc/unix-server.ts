import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Http2Session, type ServerHttp2Stream } from 'node:http2';
import { status } from '@grpc/grpc-js';
import { MessageStream } from './message-stream.ts';
import { type Claim, claimSocketPath, openToGroup } from './socket-path.ts';

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

/** Everybody who may call is Envoy: what it resets and keeps waiting is what its clients do, and no attack on us. */
const TRUSTING = {
  maxSessionMemory: Number.MAX_SAFE_INTEGER,
  streamResetBurst: Number.MAX_SAFE_INTEGER,
  streamResetRate: Number.MAX_SAFE_INTEGER,
} as const;

/** Serves gRPC on a Unix socket (mode 0660). A stale socket at the path is removed, a live one refuses. */
export async function listenOnSocket(path: string, services: readonly GrpcService[]): Promise<Listening> {
  const claim = await claimSocketPath(path);
  if (claim.kind !== 'free') return claim;
  const methods = new Map(services.flatMap((service) => Object.entries(service)));
  const sessions = new Set<Http2Session>();
  const server = createServer(TRUSTING);
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', ignore);
    session.on('close', () => sessions.delete(session));
  });
  server.on('sessionError', ignore);
  server.on('stream', (stream, headers) => serve(methods, stream, headers));
  server.listen(path);
  await once(server, 'listening');
  await openToGroup(path);
  const drain = async (deadline: number): Promise<'drained' | 'cut'> => {
    // Closing the listener removes its socket.
    const ended = new Promise<'drained'>((resolve) => server.close(() => resolve('drained')));
    for (const session of sessions) session.close();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'cut'>((resolve) => (timer = setTimeout(() => resolve('cut'), deadline)));
    const outcome = await Promise.race([ended, late]);
    clearTimeout(timer);
    for (const session of sessions) session.destroy();
    return outcome;
  };
  return { kind: 'listening', server: { drain } };
}

function serve(methods: ReadonlyMap<string, Method>, stream: ServerHttp2Stream, headers: IncomingHttpHeaders): void {
  const call = new MessageStream(stream, headers);
  const path = headers[':path'];
  const method = methods.get(typeof path === 'string' ? path : '');
  if (headers['content-type']?.startsWith('application/grpc') !== true) {
    stream.respond({ ':status': 415 }, { endStream: true });
  } else if (method === undefined) call.fail(status.UNIMPLEMENTED, `there is no method ${String(path)}`);
  else if (method.kind === 'stream') method.open(call);
  else answerOne(call, method.answer);
}

function answerOne(call: MessageStream, answer: (request: Buffer) => Reply | Promise<Reply>): void {
  let request: Buffer | undefined;
  call.take({
    message: (bytes) => (request = bytes),
    end: () => {
      if (request === undefined) call.fail(status.INTERNAL, 'a call has no message');
      else void Promise.resolve(answer(request)).then((reply) => finish(call, reply));
    },
    gone: ignore,
  });
}

function finish(call: MessageStream, reply: Reply): void {
  if (reply.kind === 'failure') call.fail(reply.code, reply.details);
  else {
    call.send(reply.message);
    call.end();
  }
}

function ignore(): void {}
