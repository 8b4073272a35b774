import { type Server, ServerCredentials } from '@grpc/grpc-js';
import type { Listening } from '../listening.ts';

/** Has a gRPC server listen on a free port of loopback; stopping it ends every call. */
export async function serveGrpc(server: Server): Promise<Listening> {
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return { port, stop: async () => server.forceShutdown() };
}
