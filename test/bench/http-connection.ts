import { connect, type Socket } from 'node:net';
import { connect as connectSecurely } from 'node:tls';

/** An answer, as far as the benchmark looks at it. */
export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** The most that is read of one answer: bytes. */
const LARGEST_ANSWER = 64 * 1024;

interface Pending {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * A keep-alive HTTP/1.1 connection to a port, of 127.0.0.1 unless it is told otherwise, one request at a time (RFC 9112). It connects when it has to, and
 * again after a failure; nothing is ever tried twice, so every failure is seen by the caller.
 */
export class HttpConnection {
  readonly #port: number;
  readonly #timeout: number;
  readonly #tls: boolean;
  readonly #address: string;
  #socket: Socket | undefined;
  #pending: Pending | undefined;
  #received = '';

  /** `timeout`: the most that one answer may take, milliseconds. `tls`: over TLS, whatever certificate is shown. */
  constructor(port: number, timeout: number, tls = false, address = '127.0.0.1') {
    this.#port = port;
    this.#timeout = timeout;
    this.#tls = tls;
    this.#address = address;
  }

  /** Asks with GET; rejects on anything but a complete answer with a Content-Length. */
  get(host: string, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const more = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.#fail(new Error('no answer in time')), this.#timeout);
      this.#pending = { resolve, reject, timer };
      this.#open(host).write(`GET ${path} HTTP/1.1\r\nhost: ${host}\r\n${more.join('')}\r\n`);
    });
  }

  /** Closes it; a request under way fails. */
  close(): void {
    this.#fail(new Error('closed'));
  }

  #open(host: string): Socket {
    if (this.#socket !== undefined) return this.#socket;
    const to = { port: this.#port, host: this.#address, noDelay: true };
    const socket = this.#tls ? connectSecurely({ ...to, servername: host, rejectUnauthorized: false }) : connect(to);
    this.#received = '';
    this.#socket = socket;
    const failed = (error: Error): void => {
      if (this.#socket === socket) this.#fail(error);
    };
    socket.on('data', (bytes) => {
      if (this.#socket === socket) this.#take(bytes.toString('latin1'));
    });
    socket.on('error', failed);
    socket.on('close', () => failed(new Error('connection closed')));
    return socket;
  }

  #take(text: string): void {
    this.#received += text;
    if (this.#received.length > LARGEST_ANSWER) return this.#fail(new Error('answer too long'));
    const end = this.#received.indexOf('\r\n\r\n');
    if (end < 0) return;
    const [statusLine = '', ...lines] = this.#received.slice(0, end).split('\r\n');
    const headers = new Map(lines.map(headerOf));
    const status = Number(/^HTTP\/1\.1 (\d{3})/u.exec(statusLine)?.[1]);
    const length = Number(headers.get('content-length'));
    if (!(status >= 200) || !(length >= 0)) return this.#fail(new Error(`unusable answer: ${statusLine}`));
    if (this.#received.length < end + 4 + length) return;
    const body = this.#received.slice(end + 4, end + 4 + length);
    this.#received = this.#received.slice(end + 4 + length);
    const pending = this.#settle();
    if (headers.get('connection') === 'close') this.#drop();
    pending?.resolve({ status, headers, body });
  }

  #fail(error: Error): void {
    this.#drop();
    this.#settle()?.reject(error);
  }

  #settle(): Pending | undefined {
    const pending = this.#pending;
    this.#pending = undefined;
    clearTimeout(pending?.timer);
    return pending;
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.destroy();
  }
}

function headerOf(line: string): readonly [string, string] {
  const colon = line.indexOf(':');
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}
