import { createSecureServer } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { WebSocketServer } from 'ws';
import { type Listening, listen } from '../listening.ts';
import type { Pair } from './authority.ts';

/** A back-end that speaks TLS, HTTP/2 or HTTP/1.1 as is agreed, and tells who asked and how. */
export type SecureBackEnd = Listening;

/** What it tells of a request. */
export interface Told {
  readonly sni: string;
  readonly http: string;
  readonly tls: string;
  /** Common name of the client's certificate. */
  readonly client: string;
}

/** Starts it; with `clients` it asks for a certificate of that authority, and refuses who has none. */
export async function startSecureBackEnd(pair: Pair, clients?: string): Promise<SecureBackEnd> {
  // By the client's port: with HTTP/2 a request knows no more of its connection.
  const connections = new Map<number, Omit<Told, 'http'>>();
  const server = createSecureServer(
    {
      cert: pair.certificate,
      key: pair.key,
      allowHTTP1: true,
      ...(clients === undefined ? {} : { ca: clients, requestCert: true, rejectUnauthorized: true }),
    },
    ({ socket, httpVersion: http }, response) => {
      const known = connections.get(socket.remotePort ?? 0);
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ ...known, http }));
    },
  );
  server.on('secureConnection', (socket) => {
    connections.set(socket.remotePort ?? 0, {
      sni: typeof socket.servername === 'string' ? socket.servername : '',
      tls: socket.getProtocol() ?? '',
      client: commonName(socket),
    });
  });
  const webSockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    webSockets.handleUpgrade(request, socket, head, (client) => {
      client.on('message', (data, isBinary) => client.send(data, { binary: isBinary }));
    });
  });
  return listen(server);
}

function commonName(socket: TLSSocket): string {
  const { subject } = socket.getPeerCertificate();
  return typeof subject?.CN === 'string' ? subject.CN : '';
}
