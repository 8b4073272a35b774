import { Server, ServerCredentials, type ServiceDefinition, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { type Claim, claimSocketPath, openToGroup } from './socket-path.ts';

/** The methods of a gRPC service and what handles them, under the same keys. */
export interface GrpcService {
  readonly methods: ServiceDefinition;
  readonly handlers: UntypedServiceImplementation;
}

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
 * a policy raises `bufferLimit`; grpc-js's own 4 MiB would fail streams that Envoy accepts, and without a limit
 * one stream could take all memory.
 */
export const MAX_MESSAGE_SIZE = 16 * 1024 * 1024;

/** Serves gRPC on a Unix socket (mode 0660). A stale socket at the path is removed, a live one refuses. */
export async function listenOnSocket(path: string, services: readonly GrpcService[]): Promise<Listening> {
  const claim = await claimSocketPath(path);
  if (claim.kind !== 'free') return claim;
  // Without its channelz grpc-js does not know its sessions either, and could not cut them.
  const server = new Server({
    'grpc.max_receive_message_length': MAX_MESSAGE_SIZE,
  });
  for (const { methods, handlers } of services) server.addService(methods, handlers);
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix:${path}`, ServerCredentials.createInsecure(), (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
  await openToGroup(path);
  return { kind: 'listening', server: { drain: (deadline) => drain(server, deadline) } };
}

function drain(server: Server, deadline: number): Promise<'drained' | 'cut'> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      server.forceShutdown();
      resolve('cut');
    }, deadline);
    // Closing the listener removes its socket.
    server.tryShutdown(() => {
      clearTimeout(timer);
      resolve('drained');
    });
  });
}
