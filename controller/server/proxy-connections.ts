/**
 * The door of the controller for proxies of a cluster: TLS on TCP, for who has a certificate.
 *
 * In: connections. Out: each to the proxy that its certificate names. Refuses to know: what is spoken on them.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import type { Logger } from 'pino';
import type { ProxySocket } from '../infra/infra.ts';
import { proxyUri } from '../pki/authority.ts';
import type { Clock } from '../runtime/clock.ts';

/** What the door is opened with; PEM. */
export interface ServerIdentity {
  readonly certificate: string;
  readonly key: string;
  /** Certificates of the authorities whose clients are let in. */
  readonly trusted: string;
}

/** What it works with. */
export interface ProxyConnectionsOptions {
  readonly identity: ServerIdentity;
  readonly clock: Clock;
  readonly log: Logger;
}

type Serve = (connection: Socket) => void;

/** So many connections wait for proxies that nobody serves yet, at most, and for so long. Milliseconds. */
const MOST_WAITING = 1_000;
const LONGEST_WAIT = 30_000;
/** A client that has not shown its certificate after this is sent away. Milliseconds. */
const HANDSHAKE = 10_000;

/** Hands connections over by the certificate of their client: the one name in it, a URI, says which proxy it is. */
export class ProxyConnections {
  readonly #server: Server;
  readonly #options: ProxyConnectionsOptions;
  readonly #serving = new Map<string, { readonly owner: symbol; readonly serve: Serve }>();
  readonly #waiting = new Map<Socket, string>();
  readonly #open = new Set<Socket>();

  constructor(options: ProxyConnectionsOptions) {
    this.#options = options;
    this.#server = createServer({
      ...secureContext(options.identity),
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.3',
      ALPNProtocols: ['h2'],
      handshakeTimeout: HANDSHAKE,
    });
    this.#server.on('connection', (socket: Socket) => {
      this.#open.add(socket);
      socket.on('close', () => this.#open.delete(socket));
    });
    this.#server.on('secureConnection', (socket) => this.#take(socket));
    this.#server.on('tlsClientError', (error, socket) => {
      options.log.warn({ reason: error.message, from: socket.remoteAddress }, 'a client without a good certificate');
      socket.destroy();
    });
  }

  /** Listens; resolves with the port. Rejects where it cannot. */
  async listen(port: number, host?: string): Promise<number> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  }

  /** Connections from now on are made with this; those that are open stay. */
  renew(identity: ServerIdentity): void {
    this.#server.setSecureContext(secureContext(identity));
  }

  /** The connections of one proxy. Who comes before somebody serves it waits for a while. */
  socketOf(key: string): ProxySocket {
    const owner = Symbol(key);
    const uri = proxyUri(key);
    return {
      take: (serve) => {
        this.#serving.set(uri, { owner, serve });
        for (const [socket, named] of this.#waiting) {
          if (named !== uri) continue;
          this.#waiting.delete(socket);
          if (!socket.destroyed) serve(socket);
        }
      },
      close: () => {
        if (this.#serving.get(uri)?.owner === owner) this.#serving.delete(uri);
        return Promise.resolve();
      },
    };
  }

  /** Takes no more connections, and ends those that are open. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#open) socket.destroy();
    await closed;
  }

  #take(socket: TLSSocket): void {
    socket.on('error', () => undefined);
    const uri = nameOf(socket);
    if (uri === undefined) {
      this.#options.log.warn({ from: socket.remoteAddress }, 'a client whose certificate names no proxy');
      socket.destroy();
      return;
    }
    const serving = this.#serving.get(uri);
    if (serving === undefined) this.#wait(socket, uri);
    else serving.serve(socket);
  }

  /** A proxy of an earlier controller comes before this one has read what it is to serve. */
  #wait(socket: Socket, uri: string): void {
    if (this.#waiting.size >= MOST_WAITING) {
      socket.destroy();
      return;
    }
    this.#waiting.set(socket, uri);
    const cancel = this.#options.clock.after(LONGEST_WAIT, () => {
      if (this.#waiting.delete(socket)) socket.destroy();
    });
    socket.on('close', () => {
      cancel();
      this.#waiting.delete(socket);
    });
  }
}

function secureContext({ certificate, key, trusted }: ServerIdentity) {
  return { cert: certificate, key, ca: trusted };
}

/** The URI by which a client is known; `undefined` for a certificate that has none, or says more than that. */
function nameOf(socket: TLSSocket): string | undefined {
  if (!socket.authorized || socket.alpnProtocol !== 'h2') return undefined;
  const names = socket.getPeerX509Certificate()?.subjectAltName;
  // Node quotes what could be taken for a separator.
  return names === undefined || /[",]/u.test(names) || !names.startsWith('URI:')
    ? undefined
    : names.slice('URI:'.length);
}
