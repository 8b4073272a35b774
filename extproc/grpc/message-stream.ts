import { Metadata, ServerInterceptingCall, type ServerInterceptingCallInterface, status } from '@grpc/grpc-js';
import { toBuffer } from './raw-method.ts';

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

/** What grpc-js tells of a call. */
type Listener = Parameters<ServerInterceptingCallInterface['start']>[0];

/** Bytes on their way from which on a client counts as one that does not read: what Node's streams hold by default. */
const HIGH_WATER = 64 * 1024;
const NO_METADATA = new Metadata();
const OK = { code: status.OK, details: '' } as const;

/**
 * One call of a gRPC client, with messages as bytes.
 *
 * It is a call that grpc-js's interceptors see, which is what it makes of every call and where it frames, limits and
 * ends them; of what a server's handler gets instead (an object stream of Node above that call) half the CPU of an
 * exchange of headers was spent. A handler of that kind is never started.
 */
export class MessageStream extends ServerInterceptingCall {
  readonly #call: ServerInterceptingCallInterface;
  readonly #open: (stream: MessageStream) => void;
  #metadata: Metadata = NO_METADATA;
  #taker: Taker | undefined;
  /** Whether the taker may have the next message as soon as nobody pauses. */
  #wanted = false;
  #paused = false;
  #asking = false;
  #over = false;
  #answering = false;
  /** What was sent and is not yet taken: messages, and bytes. */
  #underway = 0;
  #bytesUnderway = 0;
  /** Whether the client has yet to take what was sent: wait for `drained`. */
  needsDrain = false;

  constructor(call: ServerInterceptingCallInterface, open: (stream: MessageStream) => void) {
    super(call);
    this.#call = call;
    this.#open = open;
  }

  /** Starts the call, in place of the handler that grpc-js has for it. */
  override start(): void {
    const listener: Listener = {
      onReceiveMetadata: (metadata) => {
        this.#metadata = metadata;
        this.#open(this);
      },
      onReceiveMessage: (bytes: Buffer) => {
        if (this.#over) return;
        this.#taker?.message(bytes);
        this.#ask();
      },
      onReceiveHalfClose: () => {
        if (!this.#over) this.#taker?.end();
      },
      onCancel: () => {
        this.#over = true;
        this.#taker?.gone();
      },
    };
    this.#call.start(listener);
  }

  get metadata(): CallMetadata {
    return { get: (key) => this.#metadata.get(key).flatMap(valuesOf) };
  }

  /** Says who takes what comes. Once, and at once. */
  take(taker: Taker): void {
    this.#taker = taker;
    this.#ask();
  }

  /** Sends a message; false when the client does not read. */
  send(message: Uint8Array): boolean {
    if (this.#over) return true;
    if (!this.#answering) {
      this.#answering = true;
      this.#call.sendMetadata(NO_METADATA);
    }
    this.#underway += 1;
    this.#bytesUnderway += message.length;
    this.needsDrain ||= this.#bytesUnderway >= HIGH_WATER;
    this.#call.sendMessage(toBuffer(message), this.#sent);
    return !this.needsDrain;
  }

  readonly #sent = (): void => {
    this.#underway -= 1;
    if (this.#underway > 0) return;
    this.#bytesUnderway = 0;
    if (!this.needsDrain) return;
    this.needsDrain = false;
    if (!this.#over) this.#taker?.drained?.();
  };

  /** Hands over no message until `resume`; said while one is handed over. */
  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    if (this.#wanted) this.#ask();
  }

  /** Ends the call well. */
  end(): void {
    this.#close(OK);
  }

  /** Ends the call with an error; what the client still sends is dropped. */
  fail(code: status, details: string): void {
    this.#close({ code, details });
  }

  #close(ending: { readonly code: status; readonly details: string }): void {
    if (this.#over) return;
    this.#over = true;
    this.#call.sendStatus(ending);
  }

  /** Asks for the next message, one at a time: grpc-js may hand it over at once, and this is asked again meanwhile. */
  #ask(): void {
    this.#wanted = true;
    if (this.#asking) return;
    this.#asking = true;
    while (this.#wanted && !this.#paused && !this.#over) {
      this.#wanted = false;
      this.#call.startRead();
    }
    this.#asking = false;
  }
}

/** Several values of a key come as one header, parted by commas. */
function valuesOf(value: string | Buffer): readonly string[] {
  return value
    .toString()
    .split(',')
    .map((one) => one.trim());
}
