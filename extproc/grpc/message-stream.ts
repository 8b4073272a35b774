import type { IncomingHttpHeaders, ServerHttp2Stream } from 'node:http2';
import { status } from '@grpc/grpc-js';

/** The initial metadata of a call. */
export interface CallMetadata {
  /** Gives the values under a key, of lower case; none when it is absent. */
  get(key: string): readonly string[];
}

/** Who takes what a client sends. */
export interface Taker {
  message(bytes: Buffer): void;
  /** The client has nothing more to send. */
  end(): void;
  /** The stream is over, however it ended; comes once, and nothing after it. */
  gone(): void;
  /** What was sent has been taken, after `send` was false. */
  drained?(): void;
}

/**
 * Largest message that is taken, in bytes. A message holds at most what Envoy buffers of a body, which is 1 MiB unless
 * a policy raises `bufferLimit`; gRPC's usual 4 MiB would fail streams that Envoy accepts, and without a limit one stream
 * could take all memory.
 */
export const MAX_MESSAGE_SIZE = 16 * 1024 * 1024;

/** Bytes before each message: whether it is compressed, and its length (gRPC over HTTP/2, "Length-Prefixed-Message"). */
const PREFIX = 5;
const HEADERS = { ':status': 200, 'content-type': 'application/grpc+proto' } as const;
const WITH_TRAILERS = { waitForTrailers: true } as const;
const NOTHING = Buffer.alloc(0);

/**
 * One call of a gRPC client, with messages as bytes (gRPC over HTTP/2, PROTOCOL-HTTP2). grpc-js makes a dozen objects and
 * closures of every call, which costs more than what the sidecar does for one.
 */
export class MessageStream {
  readonly metadata: CallMetadata;
  readonly #stream: ServerHttp2Stream;
  #taker: Taker | undefined;
  /** What has come and is not yet taken. */
  #rest: Buffer = NOTHING;
  /** What has come since, put together only once there is as much as is needed for a message. */
  #later: Buffer[] = [];
  #laterLength = 0;
  #needed = PREFIX;
  #paused = false;
  #ended = false;
  #answering = false;
  #over = false;
  #trailers: Record<string, string> = OK;
  /** Whether the client has yet to take what was sent: wait for `drained`. */
  needsDrain = false;

  constructor(stream: ServerHttp2Stream, headers: IncomingHttpHeaders) {
    this.#stream = stream;
    this.metadata = { get: (key) => valuesOf(headers[key]) };
    // What is wrong with a stream ends it, and its end is told.
    stream.on('error', ignore);
  }

  /** Says who takes what comes. Once, and at once. */
  take(taker: Taker): void {
    this.#taker = taker;
    const stream = this.#stream;
    stream.on('data', (chunk: Buffer) => this.#receive(chunk));
    stream.on('end', () => {
      this.#ended = true;
      this.#gather();
      this.#hand();
    });
    stream.on('drain', () => {
      this.needsDrain = false;
      if (!this.#over) taker.drained?.();
    });
    stream.on('close', () => {
      this.#over = true;
      taker.gone();
    });
  }

  /** Sends a message; false when the client does not read. */
  send(message: Uint8Array): boolean {
    if (this.#isClosed()) return true;
    const frame = Buffer.allocUnsafe(PREFIX + message.length);
    frame[0] = 0;
    frame.writeUInt32BE(message.length, 1);
    frame.set(message, PREFIX);
    this.#respond();
    this.needsDrain = !this.#stream.write(frame);
    return !this.needsDrain;
  }

  /** Hands over no message until `resume`. */
  pause(): void {
    this.#paused = true;
    this.#stream.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#hand();
    if (!this.#isPaused()) this.#stream.resume();
  }

  /** Ends the call well. */
  end(): void {
    this.#close(OK);
  }

  /** Ends the call with an error; what the client still sends is dropped. */
  fail(code: status, details: string): void {
    this.#rest = NOTHING;
    this.#paused = false;
    this.#close({ 'grpc-status': String(code), 'grpc-message': encodeURI(details) });
    this.#stream.resume();
  }

  #close(trailers: Record<string, string>): void {
    if (this.#isClosed()) return;
    this.#over = true;
    this.#trailers = trailers;
    if (this.#answering) this.#stream.end();
    else this.#stream.respond({ ...HEADERS, ...trailers }, { endStream: true });
  }

  #respond(): void {
    if (this.#answering) return;
    this.#answering = true;
    this.#stream.once('wantTrailers', () => this.#stream.sendTrailers(this.#trailers));
    this.#stream.respond(HEADERS, WITH_TRAILERS);
  }

  #isClosed(): boolean {
    return this.#over || this.#stream.destroyed || this.#stream.closed;
  }

  #isPaused(): boolean {
    return this.#paused;
  }

  #receive(chunk: Buffer): void {
    if (this.#over) return;
    this.#later.push(chunk);
    this.#laterLength += chunk.length;
    if (this.#rest.length + this.#laterLength < this.#needed) return;
    this.#gather();
    this.#hand();
  }

  #gather(): void {
    const [first, ...more] = this.#later;
    if (first === undefined) return;
    this.#rest = this.#rest.length === 0 && more.length === 0 ? first : Buffer.concat([this.#rest, first, ...more]);
    this.#later = [];
    this.#laterLength = 0;
  }

  /** Hands over what is there, as far as nobody pauses. */
  #hand(): void {
    while (!this.#paused && !this.#over && this.#rest.length >= PREFIX) {
      const length = this.#rest.readUInt32BE(1);
      if (this.#rest[0] !== 0) {
        this.fail(status.UNIMPLEMENTED, 'messages are taken as they are, not compressed');
        return;
      }
      if (length > MAX_MESSAGE_SIZE) {
        this.fail(status.RESOURCE_EXHAUSTED, `a message has ${length} bytes; accepted are ${MAX_MESSAGE_SIZE}`);
        return;
      }
      const end = PREFIX + length;
      this.#needed = end;
      if (this.#rest.length < end) break;
      this.#needed = PREFIX;
      const message = this.#rest.subarray(PREFIX, end);
      this.#rest = this.#rest.length === end ? NOTHING : this.#rest.subarray(end);
      this.#taker?.message(message);
    }
    if (!this.#ended || this.#paused || this.#over) return;
    this.#ended = false;
    if (this.#rest.length > 0) this.fail(status.INTERNAL, 'the stream ends within a message');
    else this.#taker?.end();
  }
}

const OK: Record<string, string> = { 'grpc-status': '0' };

function ignore(): void {}

/** Several values of a key come as one header, parted by commas. */
function valuesOf(value: string | readonly string[] | undefined): readonly string[] {
  if (typeof value === 'string') return value.includes(',') ? value.split(',').map((one) => one.trim()) : [value];
  return value ?? [];
}
