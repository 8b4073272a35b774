import { Server, type ServerOptions } from '@grpc/grpc-js';

/**
 * Options of `http2.createServer` that grpc-js does not let one give.
 *
 * nghttp2 takes a client that resets more than 1,000 streams at once, or 33 a second, for an attack (CVE-2023-44487) and
 * ends its connection. Everybody who can call on our sockets is Envoy, whose one connection carries the streams of all
 * its clients: what it resets is what they gave up, and those who did not would be refused with them.
 */
const TRUSTING = { streamResetBurst: Number.MAX_SAFE_INTEGER, streamResetRate: Number.MAX_SAFE_INTEGER } as const;

/**
 * Makes a server of grpc-js which lets its client reset as many streams as it likes.
 *
 * grpc-js makes its HTTP/2 servers from an object that it keeps for itself (`Server.commonServerOptions`), and has no
 * option of its own for this (grpc-node#2625). Throws when that object is no longer there, rather than serve with the limit.
 */
export function trustingServer(options: ServerOptions): Server {
  const server = new Server(options);
  const http2Options: unknown = Reflect.get(server, 'commonServerOptions');
  if (typeof http2Options !== 'object' || http2Options === null) {
    throw new Error('this version of grpc-js keeps the options of its HTTP/2 servers elsewhere than 1.14 does');
  }
  Object.assign(http2Options, TRUSTING);
  return server;
}
