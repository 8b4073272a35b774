import { createSocket } from 'node:dgram';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** How a connection is made. */
export interface ConnectionOptions {
  /** The server name that is asked for by TLS; without one there is no TLS. */
  readonly servername?: string;
  /** Whom to trust, in PEM; without it whatever certificate there is will do. */
  readonly ca?: string;
}

/** A connection that stays open from one word to the next. */
export interface Connection {
  /** Says something; resolves with the answer, or "closed". */
  say(text: string): Promise<string>;
  /** Whether the other side has closed it. */
  isClosed(): boolean;
  close(): void;
}

/** Opens a connection to a port of this machine. */
export function open(port: number, { servername, ca }: ConnectionOptions = {}): Connection {
  const socket: Socket =
    servername === undefined
      ? connectTcp(port, '127.0.0.1')
      : connectTls({
          host: '127.0.0.1',
          port,
          servername,
          ...(ca === undefined ? { rejectUnauthorized: false } : { ca }),
        });
  let isClosed = false;
  let heard: (answer: string) => void = () => undefined;
  socket.on('error', () => undefined);
  socket.once('close', () => {
    isClosed = true;
    heard('closed');
  });
  socket.on('data', (text) => heard(text.toString()));
  return {
    say: (text) =>
      new Promise((resolve) => {
        heard = resolve;
        if (isClosed) resolve('closed');
        else socket.write(text);
      }),
    isClosed: () => isClosed,
    close: () => socket.destroy(),
  };
}

/** Says one thing on a connection of its own; resolves with the answer, or "closed". */
export async function say(port: number, text: string, options?: ConnectionOptions): Promise<string> {
  const connection = open(port, options);
  const answer = await connection.say(text);
  connection.close();
  return answer;
}

/** How long the answer to a datagram is waited for where there is to be one, and where there may be none. Milliseconds. */
const PATIENCE = { answered: 20_000, dropped: 1_000 };

/**
 * Sends one datagram from a port of its own; resolves with the answer, or "nothing". It may take long until it is known that
 * nothing comes: `within` milliseconds.
 */
export function send(port: number, text: string, within: number = PATIENCE.answered): Promise<string> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const end = (answer: string): void => {
      clearTimeout(timer);
      socket.close();
      resolve(answer);
    };
    const timer = setTimeout(() => end('nothing'), within);
    socket.once('message', (answer) => end(answer.toString()));
    // Where nobody listens that is told at once.
    socket.once('error', () => end('nothing'));
    socket.connect(port, '127.0.0.1', () => socket.send(text));
  });
}

/** The same of a datagram that is to be dropped, which is waited for no longer than an answer takes. */
export function sendInVain(port: number, text: string): Promise<string> {
  return send(port, text, PATIENCE.dropped);
}
